//! One-time codes and notices, sent with templates of the `WhatsApp` Cloud API.

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

use self::template::TemplateMessage;
use crate::{
    http,
    settings::{SettingsError, base_url, bearer, require_text},
};

pub use self::{settings::WhatsAppSettings, webhook::parse_webhook};

/// Short, so that three attempts of the caller fit into the time that a user waits for a code.
const READ_TIMEOUT: Duration = Duration::from_secs(8);

/// The `WhatsApp` Cloud API as the [`Messenger`]. Cheap to clone.
///
/// Numbers and codes are never logged, and errors contain only Meta's error code and type, because
/// Meta's texts can quote what was sent.
#[derive(Clone, Debug)]
pub struct WhatsApp {
    http: Client,
    url: String,
    authorization: HeaderValue,
    otp_template: String,
    phone_changed_template: String,
    new_device_template: String,
}

impl WhatsApp {
    /// Builds the client; nothing is sent yet.
    pub fn new(settings: WhatsAppSettings) -> Result<Self, SettingsError> {
        let base = base_url("whatsapp.base_url", &settings.base_url)?;
        require_text("whatsapp.phone_number_id", &settings.phone_number_id)?;
        require_text("whatsapp.otp_template", &settings.otp_template)?;
        require_text("whatsapp.phone_changed_template", &settings.phone_changed_template)?;
        require_text("whatsapp.new_device_template", &settings.new_device_template)?;
        Ok(Self {
            http: http::client(READ_TIMEOUT)?,
            url: format!("{base}/{}/messages", settings.phone_number_id),
            authorization: bearer("whatsapp.access_token", &settings.access_token)?,
            otp_template: settings.otp_template,
            phone_changed_template: settings.phone_changed_template,
            new_device_template: settings.new_device_template,
        })
    }

    /// One request. After a timeout the message may have been sent anyway: the caller retries, and
    /// the user gets two.
    async fn post(&self, message: &TemplateMessage<'_>) -> Result<String, SendError> {
        let request =
            self.http.post(&self.url).header(AUTHORIZATION, &self.authorization).json(message);
        let mut response = request.send().await.map_err(error::connection_error)?;
        if !response.status().is_success() {
            return Err(error::refusal(response).await);
        }
        let accepted = http::read_json(&mut response).await;
        let id = accepted.pointer("/messages/0/id").and_then(Value::as_str);
        id.map(str::to_owned).ok_or_else(|| SendError::Transient {
            reason: "the response names no message".to_owned(),
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
        self.post(&TemplateMessage::with_code(&self.otp_template, to, code, locale)).await
    }

    #[tracing::instrument(name = "out.whatsapp.send_notice", skip_all, fields(?notice, locale = locale.as_str()))]
    async fn send_notice(
        &self,
        to: &PhoneNumber,
        notice: NoticeKind,
        locale: Locale,
    ) -> Result<String, SendError> {
        let template = match notice {
            NoticeKind::PhoneChanged => &self.phone_changed_template,
            NoticeKind::NewDevice => &self.new_device_template,
        };
        self.post(&TemplateMessage::without_parameters(template, to, locale)).await
    }
}
