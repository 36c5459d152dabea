//! One-time codes and notices by `WhatsApp`: templates of the Cloud API.

mod error;
mod settings;
mod template;
mod webhook;

use std::time::Duration;

use async_trait::async_trait;
use ignacio_domain::{
    locale::Locale,
    otp::OtpCode,
    phone::PhoneNumber,
    ports::{Messenger, NoticeKind, SendError},
};
use reqwest::{
    Client,
    header::{AUTHORIZATION, HeaderValue},
};
use serde_json::Value;

use self::template::Message;
use crate::{
    http,
    settings::{SettingsError, address, bearer, given},
};

pub use self::{settings::WhatsAppSettings, webhook::parse_webhook};

/// Short, so that three tries of the caller fit into the time that a person waits for a code.
const SILENCE: Duration = Duration::from_secs(8);

/// The `WhatsApp` Cloud API as the [`Messenger`]. Cheap to clone.
///
/// Neither the number nor the code is ever logged, and errors carry only Meta's number and type
/// for them, because Meta's texts can quote what was sent.
#[derive(Clone, Debug)]
pub struct WhatsApp {
    http: Client,
    url: String,
    authorization: HeaderValue,
    code: String,
    phone_changed: String,
    new_device: String,
}

impl WhatsApp {
    /// Sets the client up; nothing is sent yet.
    pub fn new(settings: WhatsAppSettings) -> Result<Self, SettingsError> {
        let base = address("whatsapp.base_url", &settings.base_url)?;
        given("whatsapp.phone_number_id", &settings.phone_number_id)?;
        given("whatsapp.otp_template", &settings.otp_template)?;
        given("whatsapp.phone_changed_template", &settings.phone_changed_template)?;
        given("whatsapp.new_device_template", &settings.new_device_template)?;
        Ok(Self {
            http: http::client(SILENCE)?,
            url: format!("{base}/{}/messages", settings.phone_number_id),
            authorization: bearer("whatsapp.access_token", &settings.access_token)?,
            code: settings.otp_template,
            phone_changed: settings.phone_changed_template,
            new_device: settings.new_device_template,
        })
    }

    /// One request. A time-out may hide a message that went out: the caller sends again, and the
    /// person gets two.
    async fn post(&self, message: &Message<'_>) -> Result<String, SendError> {
        let request =
            self.http.post(&self.url).header(AUTHORIZATION, &self.authorization).json(message);
        let mut answer = request.send().await.map_err(error::of_silence)?;
        if !answer.status().is_success() {
            return Err(error::of_refusal(answer).await);
        }
        let accepted = http::json(&mut answer).await;
        let id = accepted.pointer("/messages/0/id").and_then(Value::as_str);
        id.map(str::to_owned).ok_or_else(|| SendError::Transient {
            reason: "the answer names no message".to_owned(),
        })
    }
}

#[async_trait]
impl Messenger for WhatsApp {
    #[tracing::instrument(name = "out.whatsapp.send_code", skip_all, fields(locale = locale.as_str()))]
    async fn send_code(
        &self,
        to: &PhoneNumber,
        code: &OtpCode,
        locale: Locale,
    ) -> Result<String, SendError> {
        self.post(&Message::with_code(&self.code, to, code, locale)).await
    }

    #[tracing::instrument(name = "out.whatsapp.send_notice", skip_all, fields(?notice, locale = locale.as_str()))]
    async fn send_notice(
        &self,
        to: &PhoneNumber,
        notice: NoticeKind,
        locale: Locale,
    ) -> Result<String, SendError> {
        let template = match notice {
            NoticeKind::PhoneChanged => &self.phone_changed,
            NoticeKind::NewDevice => &self.new_device,
        };
        self.post(&Message::plain(template, to, locale)).await
    }
}
