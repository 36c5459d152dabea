//! Every operation of the document as a request that would do: which thing it names, what it sends.

use ignacio_devstack::whatsapp::sign;
use serde_json::{Value, json};

use crate::client::{Call, file_part};
use crate::contract::operations;
use crate::stack::{APP_SECRET, Stack, VERIFY_TOKEN};
use crate::users::{CODE, User};

/// An id of nothing.
pub(crate) const NOBODYS: &str = "019ab2f4-0000-7000-8000-000000000001";

/// One operation.
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) description: Value,
}

/// What is there of one person, by ids, and what requests about it need.
#[derive(Clone, Default)]
pub(crate) struct Things {
    pub(crate) conversation: String,
    /// Of the reply.
    pub(crate) message: String,
    pub(crate) question: String,
    pub(crate) response: String,
    pub(crate) file: String,
    pub(crate) session: String,
    pub(crate) person: String,
    pub(crate) grant: String,
    pub(crate) erasure: String,
    /// The person's number.
    pub(crate) phone: String,
    /// An open challenge, for who opens a session.
    pub(crate) challenge: String,
    /// A number that nobody has, for who makes an account.
    pub(crate) free_phone: String,
}

impl Operation {
    /// All of them, in the document's order.
    pub(crate) fn all() -> Vec<Self> {
        let all = operations().into_iter();
        all.map(|(method, path, description)| {
            let id = description["operationId"].as_str().unwrap().to_owned();
            Self { id, method, path, description }
        })
        .collect()
    }

    /// Those whose path names a thing.
    pub(crate) fn with_id() -> Vec<Self> {
        Self::all().into_iter().filter(|it| it.path.contains("{id}")).collect()
    }

    /// Method and path.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Whether it needs no session.
    pub(crate) fn is_public(&self) -> bool {
        !self.description["security"].is_null()
    }

    /// Whether it is the staff's.
    pub(crate) fn is_for_staff(&self) -> bool {
        self.path.starts_with("/v1/admin/")
    }

    /// Whether it has this parameter in its query.
    pub(crate) fn has_query(&self, name: &str) -> bool {
        let parameters = self.description["parameters"].as_array();
        parameters.into_iter().flatten().any(|it| it["in"] == "query" && it["name"] == name)
    }

    /// The schema of its JSON body, where it takes one.
    pub(crate) fn json_schema(&self) -> Option<&Value> {
        let content = self.description["requestBody"]["content"].as_object()?;
        let json = content.iter().find(|(media_type, _)| media_type.ends_with("json"));
        json.map(|(_, media_type)| &media_type["schema"])
    }

    /// The id of the thing that its path names. A new kind of thing has to be told here.
    pub(crate) fn thing<'t>(&self, things: &'t Things) -> &'t str {
        let kinds = [
            ("/v1/admin/users/{id}", &things.person),
            ("/v1/admin/conversations/{id}", &things.conversation),
            ("/v1/admin/access-grants/{id}", &things.grant),
            ("/v1/admin/erasures/{id}", &things.erasure),
            ("/v1/auth/otp/{id}", &things.challenge),
            ("/v1/conversations/{id}", &things.conversation),
            ("/v1/messages/{id}/versions", &things.question),
            ("/v1/messages/{id}", &things.message),
            ("/v1/responses/{id}", &things.response),
            ("/v1/files/{id}", &things.file),
            ("/v1/sessions/{id}", &things.session),
        ];
        let kind = kinds.iter().find(|(start, _)| self.path.starts_with(start));
        kind.map_or_else(|| panic!("whose is the id of {}?", self.path), |(_, id)| id)
    }

    /// Where it is sent, with an id where there is one, and the query that it does not go without.
    pub(crate) fn target(&self, id: &str) -> String {
        let query = match self.id.as_str() {
            "end_other_sessions" => "?except=current".to_owned(),
            "verify_webhook" => format!(
                "?hub.mode=subscribe&hub.verify_token={VERIFY_TOKEN}&hub.challenge=1158201444"
            ),
            _ => String::new(),
        };
        format!("{}{query}", self.path.replace("{id}", id))
    }

    /// The same for one of these things.
    pub(crate) fn target_of(&self, things: &Things) -> String {
        let id = if self.path.contains("{id}") { self.thing(things) } else { "" };
        self.target(id)
    }

    /// A JSON body that would do. A new operation that takes one has to be told here.
    pub(crate) fn body(&self, things: &Things) -> Value {
        match self.id.as_str() {
            "request_code" => json!({ "phone": things.phone }),
            "open_session" | "step_up_session" => {
                json!({ "otp_id": things.challenge, "code": CODE })
            }
            "start_conversation" => json!({ "title": "T", "message": { "content": "hola" } }),
            "update_conversation" => json!({ "title": "Otro" }),
            "post_message" | "edit_message" => json!({ "content": "hola" }),
            "regenerate_reply" => json!({}),
            "put_feedback" => json!({ "rating": "down", "reason": "Muy largo" }),
            "update_me" | "update_user" => json!({ "name": "Otra" }),
            "create_user" => json!({ "phone": things.free_phone, "name": "Nueva" }),
            "create_access_grant" => {
                json!({ "user_id": things.person, "reason": "Pidió ayuda con su plan" })
            }
            other => panic!("what does {other} take?"),
        }
    }

    /// The headers that it does not go without.
    pub(crate) fn with_headers(&self, call: Call) -> Call {
        match self.id.as_str() {
            "update_user" | "delete_user" => call.header("if-match", "*"),
            _ => call,
        }
    }

    /// Body and headers that would do.
    pub(crate) fn complete(&self, call: Call, things: &Things) -> Call {
        let call = self.with_headers(call);
        if self.id == "upload_file" {
            call.form(&[file_part("a.txt", "text/plain", b"hola")])
        } else if self.id == "receive_webhook" {
            call.header("x-hub-signature-256", sign(APP_SECRET, b"{}")).bytes("{}")
        } else if self.description["requestBody"].is_null() {
            call
        } else {
            call.json(&self.body(things))
        }
    }
}

impl Stack {
    /// One of each kind of thing of this person's, and a reply that is complete.
    pub(crate) async fn things_of(&self, person: &User) -> Things {
        let at = person.starts("privado").await;
        let posted = person.says(&at, "hola").await;
        let file = person.uploads("a.txt", b"hola").await;
        self.answer_all("listo").await;
        let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
        self.add_summary_and_feedback(&id(&posted["reply"])).await;
        let (user, other) = (&person.id, self.somebody_of_the_staff().await);
        let grant = format!(
            "insert into access_grants (admin_id, user_id, reason)
             values ('{other}', '{user}', 'Otra persona pidió ayuda') returning id"
        );
        let erasure = format!(
            "insert into erasures (erased_user_id, admin_id, n_conversations, n_messages, n_files)
             values ('{user}', '{other}', 1, 2, 3) returning id"
        );
        Things {
            conversation: at.rsplit('/').next().unwrap().to_owned(),
            message: id(&posted["reply"]),
            question: id(&posted["message"]),
            response: id(&posted["response"]),
            file: id(&file),
            session: person.session.clone(),
            person: user.clone(),
            grant: self.database.query_text(&grant).await,
            erasure: self.database.query_text(&erasure).await,
            phone: person.phone.clone(),
            challenge: NOBODYS.to_owned(),
            free_phone: "+573990000000".to_owned(),
        }
    }

    /// What hangs on a conversation once it is long, and on a reply once somebody has an opinion.
    async fn add_summary_and_feedback(&self, reply: &str) {
        let sum_up = format!(
            "insert into conversation_summaries
                 (conversation_id, user_id, content, until_at, until_id, n_messages, model)
             select conversation_id, user_id, 'Saludos', created_at, id, 2, 'gpt-test'
               from messages where id = '{reply}'"
        );
        assert_eq!(self.database.execute(&sum_up).await, 1);
        let rate = format!(
            "insert into message_feedback (message_id, user_id, rating)
             select id, user_id, 'up' from messages where id = '{reply}'"
        );
        assert_eq!(self.database.execute(&rate).await, 1);
    }

    /// An admin who never logs in, in whose name things are prepared.
    async fn somebody_of_the_staff(&self) -> String {
        let add = "insert into users (phone_number, name, is_admin)
                   values ('+573980000000', 'Otra', true)
                   on conflict (phone_number) do update set name = excluded.name returning id";
        self.database.query_text(add).await
    }
}
