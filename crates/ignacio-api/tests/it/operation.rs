//! Every operation of the document as a valid request: the resource that it names, and what it sends.

use ignacio_devstack::whatsapp::sign;
use serde_json::{Value, json};

use crate::client::{Call, file_part};
use crate::contract::operations;
use crate::stack::{APP_SECRET, Stack, VERIFY_TOKEN};
use crate::users::{CODE, User};

/// An id that no resource has.
pub(crate) const MISSING_ID: &str = "019ab2f4-0000-7000-8000-000000000001";

/// One operation.
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) description: Value,
}

/// The ids of one user's resources, and other values that requests need.
#[derive(Clone, Default)]
pub(crate) struct Resources {
    pub(crate) conversation: String,
    /// Of the reply.
    pub(crate) message: String,
    pub(crate) question: String,
    pub(crate) response: String,
    pub(crate) file: String,
    pub(crate) session: String,
    pub(crate) user: String,
    pub(crate) grant: String,
    pub(crate) erasure: String,
    /// The user's number.
    pub(crate) phone: String,
    /// An open challenge, to open a session with.
    pub(crate) challenge: String,
    /// A number that nobody has, to create a user with.
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

    /// Those whose path has an id.
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

    /// Whether only admins may call it.
    pub(crate) fn is_for_admins(&self) -> bool {
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

    /// The id of the resource that its path names. Add new kinds of resources here.
    pub(crate) fn path_id<'t>(&self, resources: &'t Resources) -> &'t str {
        let kinds = [
            ("/v1/admin/users/{id}", &resources.user),
            ("/v1/admin/conversations/{id}", &resources.conversation),
            ("/v1/admin/access-grants/{id}", &resources.grant),
            ("/v1/admin/erasures/{id}", &resources.erasure),
            ("/v1/auth/otp/{id}", &resources.challenge),
            ("/v1/conversations/{id}", &resources.conversation),
            ("/v1/messages/{id}/versions", &resources.question),
            ("/v1/messages/{id}", &resources.message),
            ("/v1/responses/{id}", &resources.response),
            ("/v1/files/{id}", &resources.file),
            ("/v1/sessions/{id}", &resources.session),
        ];
        let kind = kinds.iter().find(|(start, _)| self.path.starts_with(start));
        kind.map_or_else(|| panic!("which resource does {} name?", self.path), |(_, id)| id)
    }

    /// Its target with this id, and with the query that it requires.
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

    /// Its target for one of these resources.
    pub(crate) fn target_of(&self, resources: &Resources) -> String {
        let id = if self.path.contains("{id}") { self.path_id(resources) } else { "" };
        self.target(id)
    }

    /// A valid JSON body. Add new operations with a body here.
    pub(crate) fn body(&self, resources: &Resources) -> Value {
        match self.id.as_str() {
            "request_code" => json!({ "phone": resources.phone }),
            "open_session" | "step_up_session" => {
                json!({ "otp_id": resources.challenge, "code": CODE })
            }
            "start_conversation" => json!({ "title": "T", "message": { "content": "hola" } }),
            "update_conversation" => json!({ "title": "Otro" }),
            "post_message" | "edit_message" => json!({ "content": "hola" }),
            "regenerate_reply" => json!({}),
            "put_feedback" => json!({ "rating": "down", "reason": "Muy largo" }),
            "update_me" | "update_user" => json!({ "name": "Otra" }),
            "create_user" => json!({ "phone": resources.free_phone, "name": "Nueva" }),
            "create_access_grant" => {
                json!({ "user_id": resources.user, "reason": "Pidió ayuda con su plan" })
            }
            other => panic!("which body does {other} take?"),
        }
    }

    /// Adds the headers that it requires.
    pub(crate) fn with_headers(&self, call: Call) -> Call {
        match self.id.as_str() {
            "update_user" | "delete_user" => call.header("if-match", "*"),
            _ => call,
        }
    }

    /// Adds a valid body and the required headers.
    pub(crate) fn complete(&self, call: Call, resources: &Resources) -> Call {
        let call = self.with_headers(call);
        if self.id == "upload_file" {
            call.form(&[file_part("a.txt", "text/plain", b"hola")])
        } else if self.id == "receive_webhook" {
            call.header("x-hub-signature-256", sign(APP_SECRET, b"{}")).bytes("{}")
        } else if self.description["requestBody"].is_null() {
            call
        } else {
            call.json(&self.body(resources))
        }
    }
}

impl Stack {
    /// Creates one resource of each kind for a user, with a complete reply.
    pub(crate) async fn create_resources(&self, user: &User) -> Resources {
        let at = user.start_conversation("privado").await;
        let posted = user.post_message(&at, "hola").await;
        let file = user.upload_file("a.txt", b"hola").await;
        self.complete_all_replies("listo").await;
        let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
        self.add_summary_and_feedback(&id(&posted["reply"])).await;
        let (user_id, other) = (&user.id, self.other_admin().await);
        let grant = format!(
            "insert into access_grants (admin_id, user_id, reason)
             values ('{other}', '{user_id}', 'Otra persona pidió ayuda') returning id"
        );
        let erasure = format!(
            "insert into erasures (erased_user_id, admin_id, n_conversations, n_messages, n_files)
             values ('{user_id}', '{other}', 1, 2, 3) returning id"
        );
        Resources {
            conversation: at.rsplit('/').next().unwrap().to_owned(),
            message: id(&posted["reply"]),
            question: id(&posted["message"]),
            response: id(&posted["response"]),
            file: id(&file),
            session: user.session.clone(),
            user: user.id.clone(),
            grant: self.database.query_text(&grant).await,
            erasure: self.database.query_text(&erasure).await,
            phone: user.phone.clone(),
            challenge: MISSING_ID.to_owned(),
            free_phone: "+573990000000".to_owned(),
        }
    }

    /// Adds a summary of the reply's conversation, and feedback on the reply.
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

    /// An admin who never logs in; some resources are created in their name.
    async fn other_admin(&self) -> String {
        let add = "insert into users (phone_number, name, is_admin)
                   values ('+573980000000', 'Otra', true)
                   on conflict (phone_number) do update set name = excluded.name returning id";
        self.database.query_text(add).await
    }
}
