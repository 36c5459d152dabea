//! Logged-in users, and what they do most often.

use ignacio_domain::locale::Locale;
use ignacio_domain::otp::OtpCode;
use ignacio_domain::phone::PhoneNumber;
use ignacio_domain::user::{Role, UserName};
use ignacio_persistence::{MessageKind, NewUser, OwnerDb};
use serde_json::{Value, json};

use crate::client::{Call, Client, file_part};
use crate::stack::{PEPPER, Stack};

/// The code of every challenge.
pub(crate) const CODE: &str = "123456";

/// A user with a session.
pub(crate) struct User {
    pub(crate) client: Client,
    pub(crate) token: String,
    pub(crate) id: String,
    pub(crate) session: String,
    pub(crate) phone: String,
}

impl Stack {
    /// Adds a participant with this number.
    pub(crate) async fn add_participant(&self, name: &str, phone: &str) {
        self.add_user(name, phone, Role::Participant).await;
    }

    /// Adds an admin with this number.
    pub(crate) async fn add_admin(&self, name: &str, phone: &str) {
        self.add_user(name, phone, Role::Admin).await;
    }

    async fn add_user(&self, name: &str, phone: &str, role: Role) {
        let owner = OwnerDb::connect(&self.database.owner_url().into()).await.unwrap();
        let new = NewUser {
            phone: PhoneNumber::parse(phone).unwrap(),
            name: UserName::parse(name).unwrap(),
            role,
            locale: Locale::Es,
        };
        owner.add_user(&new).await.unwrap();
    }

    /// Requests a code and sends [`CODE`]; returns the challenge's id.
    pub(crate) async fn challenge(&self, phone: &str) -> String {
        // As if nobody had requested a code lately.
        self.database.execute("delete from rate_buckets").await;
        let asked = self.client.post("/v1/auth/otp").json(&json!({ "phone": phone })).send().await;
        let id = asked.ok(202)["id"].as_str().unwrap().to_owned();
        self.send_codes().await;
        id
    }

    /// Sends [`CODE`] for every queued challenge, as the worker would.
    pub(crate) async fn send_codes(&self) {
        for job in self.worker.outbox().claim(10).await.unwrap() {
            if let MessageKind::Code(challenge) = job.kind {
                let code = OtpCode::parse(CODE).unwrap();
                let digest = code.digest(&PEPPER, challenge, &job.phone);
                assert!(self.worker.outbox().store_code(challenge, &digest).await.unwrap());
            }
            self.worker.outbox().mark_sent(&job, "wamid.1").await.unwrap();
        }
    }

    /// Logs in with this number.
    pub(crate) async fn log_in(&self, phone: &str) -> User {
        let body = json!({ "otp_id": self.challenge(phone).await, "code": CODE });
        let opened = self.client.post("/v1/auth/sessions").json(&body).send().await.ok(201);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        User {
            client: self.client.clone(),
            token: text(&opened["token"]),
            id: text(&opened["user"]["id"]),
            session: text(&opened["session"]["id"]),
            phone: phone.to_owned(),
        }
    }

    /// A logged-in participant. The number is derived from the name.
    pub(crate) async fn participant(&self, name: &str) -> User {
        let phone = phone_of(name);
        self.add_participant(name, &phone).await;
        self.log_in(&phone).await
    }

    /// A logged-in admin.
    pub(crate) async fn admin(&self, name: &str) -> User {
        let phone = phone_of(name);
        self.add_admin(name, &phone).await;
        self.log_in(&phone).await
    }

    /// Deactivates or reactivates a user in the database only: no session ends.
    pub(crate) async fn set_active(&self, user: &User, is_active: bool) {
        let id = &user.id;
        let change = format!("update users set is_active = {is_active} where id = '{id}'");
        assert_eq!(self.database.execute(&change).await, 1);
    }
}

fn phone_of(name: &str) -> String {
    let number = name.bytes().fold(0_u64, |sum, byte| sum * 31 + u64::from(byte)) % 10_000_000;
    format!("+57300{number:07}")
}

impl User {
    pub(crate) fn call(&self, method: &str, target: impl Into<String>) -> Call {
        self.client.call(method, target).bearer(&self.token)
    }

    pub(crate) fn get(&self, target: impl Into<String>) -> Call {
        self.call("GET", target)
    }

    pub(crate) fn post(&self, target: impl Into<String>) -> Call {
        self.call("POST", target)
    }

    pub(crate) fn patch(&self, target: impl Into<String>) -> Call {
        self.call("PATCH", target)
    }

    pub(crate) fn put(&self, target: impl Into<String>) -> Call {
        self.call("PUT", target)
    }

    pub(crate) fn delete(&self, target: impl Into<String>) -> Call {
        self.call("DELETE", target)
    }

    /// Starts a conversation with this title; returns its address.
    pub(crate) async fn start_conversation(&self, title: &str) -> String {
        let body = json!({ "title": title });
        let started = self.post("/v1/conversations").json(&body).send().await.ok(201);
        format!("/v1/conversations/{}", started["id"].as_str().unwrap())
    }

    /// Posts a message in a conversation.
    pub(crate) async fn post_message(&self, conversation: &str, content: &str) -> Value {
        let body = json!({ "content": content });
        self.post(format!("{conversation}/messages")).json(&body).send().await.ok(201)
    }

    /// Uploads a file; returns its view.
    pub(crate) async fn upload_file(&self, name: &str, content: &[u8]) -> Value {
        let form = [file_part(name, "application/octet-stream", content)];
        self.post("/v1/files").form(&form).send().await.ok(201)
    }
}
