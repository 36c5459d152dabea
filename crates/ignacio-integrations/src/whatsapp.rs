//! One-time codes by `WhatsApp`: the Cloud API's authentication template with a copy-code button.

mod error;
mod settings;
mod template;

use std::time::Duration;

use async_trait::async_trait;
use ignacio_domain::{
    otp::OtpCode,
    person::Locale,
    phone::PhoneNumber,
    ports::{OtpSender, PortError},
};
use reqwest::{
    Client, Response,
    header::{AUTHORIZATION, HeaderValue},
};
use serde_json::Value;

use self::template::Message;
use crate::{
    http,
    settings::{SettingsError, address, bearer, given},
};

pub use self::settings::WhatsAppSettings;

/// Short, so that three tries of the caller fit into the time that a person waits for a code.
const SILENCE: Duration = Duration::from_secs(8);

/// The `WhatsApp` Cloud API as the [`OtpSender`]. Cheap to clone.
///
/// Neither the number nor the code is ever logged, and errors carry only Meta's number and type
/// for them, because Meta's texts can quote what was sent.
#[derive(Clone, Debug)]
pub struct WhatsApp {
    http: Client,
    url: String,
    authorization: HeaderValue,
    template: String,
}

impl WhatsApp {
    /// Sets the client up; nothing is sent yet.
    pub fn new(settings: WhatsAppSettings) -> Result<Self, SettingsError> {
        let base = address("whatsapp.base_url", &settings.base_url)?;
        given("whatsapp.phone_number_id", &settings.phone_number_id)?;
        given("whatsapp.otp_template", &settings.otp_template)?;
        Ok(Self {
            http: http::client(SILENCE)?,
            url: format!("{base}/{}/messages", settings.phone_number_id),
            authorization: bearer("whatsapp.access_token", &settings.access_token)?,
            template: settings.otp_template,
        })
    }

    async fn post(&self, message: &Message<'_>) -> Result<Response, PortError> {
        self.http
            .post(&self.url)
            .header(AUTHORIZATION, &self.authorization)
            .json(message)
            .send()
            .await
            .map_err(http::no_answer)
    }
}

#[async_trait]
impl OtpSender for WhatsApp {
    /// One request. A time-out may hide a message that went out: the caller sends again, and the
    /// person gets two.
    #[tracing::instrument(name = "out.whatsapp.send_code", skip_all, fields(locale = locale.as_str()))]
    async fn send(
        &self,
        to: &PhoneNumber,
        code: &OtpCode,
        locale: Locale,
    ) -> Result<String, PortError> {
        let mut answer = self.post(&Message::with_code(&self.template, to, code, locale)).await?;
        if !answer.status().is_success() {
            return Err(error::of_refusal(answer).await);
        }
        let accepted = http::json(&mut answer).await;
        let id = accepted.pointer("/messages/0/id").and_then(Value::as_str);
        id.map(str::to_owned).ok_or_else(|| PortError::Transient {
            retry_after: None,
            reason: "the answer names no message".to_owned(),
        })
    }
}
