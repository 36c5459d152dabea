//! Codes that prove anew who has a session, and what makes them old.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ignacio_domain::ids::OtpId;
use ignacio_domain::otp::OtpCode;
use ignacio_domain::phone::PhoneNumber;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::client::Answer;
use crate::stack::{PEPPER, Stack};
use crate::users::{CODE, User};

impl Stack {
    /// A challenge of this session, answered by [`CODE`].
    pub(crate) async fn fresh_challenge(&self, person: &User) -> String {
        self.database.execute("delete from rate_buckets").await;
        let asked = person.post("/v1/sessions/current/otp").send().await.ok(202);
        let challenge = asked["id"].as_str().unwrap().to_owned();
        self.arm(&challenge, &person.phone).await;
        challenge
    }

    /// The person shows a fresh code; gives the session.
    pub(crate) async fn step_up(&self, person: &User) -> Value {
        let challenge = self.fresh_challenge(person).await;
        person.shows(&challenge, CODE).await.ok(200)
    }

    /// As if [`CODE`] had been sent for this challenge.
    pub(crate) async fn arm(&self, challenge: &str, phone: &str) {
        let id = OtpId::from_uuid(Uuid::parse_str(challenge).unwrap());
        let code = OtpCode::parse(CODE).unwrap();
        let digest = code.digest(&PEPPER, id, &PhoneNumber::parse(phone).unwrap());
        let digest = STANDARD.encode(digest.as_bytes());
        let arm = format!(
            "update otp_codes set code_hash = decode('{digest}', 'base64') where id = '{challenge}'"
        );
        assert_eq!(self.database.execute(&arm).await, 1);
        let sent = format!(
            "update outbox set state = 'sent', sent_at = now() where otp_id = '{challenge}'"
        );
        assert_eq!(self.database.execute(&sent).await, 1);
    }

    /// As if this session had shown its last code so long ago.
    pub(crate) async fn age_code(&self, person: &User, age: &str) {
        let age = format!(
            "update user_sessions set verified_at = now() - interval '{age}' where id = '{}'",
            person.session
        );
        assert_eq!(self.database.execute(&age).await, 1);
    }
}

impl User {
    /// Answers a challenge of this session.
    pub(crate) async fn shows(&self, challenge: &str, code: &str) -> Answer {
        let body = json!({ "otp_id": challenge, "code": code });
        self.post("/v1/sessions/current/step-up").json(&body).send().await
    }
}
