//! Step-ups: a code verified within a session, and their age.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ignacio_domain::ids::OtpId;
use ignacio_domain::otp::OtpCode;
use ignacio_domain::phone::PhoneNumber;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::client::ApiResponse;
use crate::stack::{PEPPER, Stack};
use crate::users::{CODE, User};

impl Stack {
    /// A step-up challenge of this session, whose code is [`CODE`].
    pub(crate) async fn step_up_challenge(&self, user: &User) -> String {
        self.database.execute("delete from rate_buckets").await;
        let asked = user.post("/v1/sessions/current/otp").send().await.ok(202);
        let challenge = asked["id"].as_str().unwrap().to_owned();
        self.set_code(&challenge, &user.phone).await;
        challenge
    }

    /// Steps the session up; returns it.
    pub(crate) async fn step_up(&self, user: &User) -> Value {
        let challenge = self.step_up_challenge(user).await;
        user.verify_step_up(&challenge, CODE).await.ok(200)
    }

    /// As if [`CODE`] had been sent for this challenge.
    pub(crate) async fn set_code(&self, challenge: &str, phone: &str) {
        let id = OtpId::from_uuid(Uuid::parse_str(challenge).unwrap());
        let code = OtpCode::parse(CODE).unwrap();
        let digest = code.digest(&PEPPER, id, &PhoneNumber::parse(phone).unwrap());
        let digest = STANDARD.encode(digest.as_bytes());
        let set_code = format!(
            "update otp_codes set code_hash = decode('{digest}', 'base64') where id = '{challenge}'"
        );
        assert_eq!(self.database.execute(&set_code).await, 1);
        let sent = format!(
            "update outbox set state = 'sent', sent_at = now() where otp_id = '{challenge}'"
        );
        assert_eq!(self.database.execute(&sent).await, 1);
    }

    /// Makes the session's last step-up this old.
    pub(crate) async fn age_step_up(&self, user: &User, age: &str) {
        let age = format!(
            "update user_sessions set verified_at = now() - interval '{age}' where id = '{}'",
            user.session
        );
        assert_eq!(self.database.execute(&age).await, 1);
    }
}

impl User {
    /// Verifies a code of a step-up challenge.
    pub(crate) async fn verify_step_up(&self, challenge: &str, code: &str) -> ApiResponse {
        let body = json!({ "otp_id": challenge, "code": code });
        self.post("/v1/sessions/current/step-up").json(&body).send().await
    }
}
