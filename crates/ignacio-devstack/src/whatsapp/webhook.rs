//! Webhooks: what Meta would tell the service, in Meta's shapes and with Meta's signature.

use std::{fmt::Write as _, time::Duration};

use actix_web::{
    rt::{spawn, time::sleep},
    web::Data,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    delivery,
    graph_error::title,
    message,
    state::{SentMessage, Shared},
};
use crate::{DevstackError, loopback};

/// The business's number where a webhook is about no message of its own.
pub const PHONE_NUMBER_ID: &str = "100200300400500";

const ACCOUNT_ID: &str = "500400300200100";
/// How long what happens by itself takes, each time.
const MOMENT: Duration = Duration::from_millis(300);
const DISPLAY_NUMBER: &str = "15550100001";

/// What becomes of a message that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum MessageStatus {
    /// It left Meta's servers.
    Sent,
    /// It reached the phone.
    Delivered,
    /// It was opened.
    Read,
    /// It will not arrive.
    Failed {
        /// Meta's code, such as 131026.
        code: u32,
    },
}

/// A message from a person to the business.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct InboundMessage {
    /// The person's number, with or without `+`.
    pub from: String,
    /// The name in the person's profile.
    #[serde(default)]
    pub name: String,
    /// What it says.
    #[serde(flatten)]
    pub content: InboundContent,
}

/// What a person's message says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum InboundContent {
    /// Text.
    Text {
        /// The text.
        body: String,
    },
    /// A picture.
    Image {
        /// The picture.
        media: Media,
        /// What stands below it.
        #[serde(default)]
        caption: Option<String>,
    },
    /// A file.
    Document {
        /// The file.
        media: Media,
        /// Its name.
        filename: String,
        /// What stands below it.
        #[serde(default)]
        caption: Option<String>,
    },
    /// A voice message or another sound.
    Audio {
        /// The sound.
        media: Media,
    },
}

/// A file that came with a message; the service fetches it by its id.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Media {
    /// Such as `image/jpeg`.
    pub mime_type: String,
    /// The bytes; in JSON as base64.
    #[serde(rename = "base64", deserialize_with = "from_base64")]
    pub content: Vec<u8>,
}

impl Media {
    /// The digest as Meta writes it.
    pub(super) fn sha256(&self) -> String {
        STANDARD.encode(Sha256::digest(&self.content))
    }
}

/// The signature of a webhook: the value of `X-Hub-Signature-256`.
pub fn sign(app_secret: &str, body: &[u8]) -> String {
    let mut signature = String::from("sha256=");
    // HMAC takes keys of any length, so there is always one.
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(app_secret.as_bytes()) {
        mac.update(body);
        for byte in mac.finalize().into_bytes() {
            let _infallible = write!(signature, "{byte:02x}");
        }
    }
    signature
}

impl Shared {
    /// Tells the service what became of a message; gives the status that it answered.
    pub(super) async fn report(
        &self,
        wamid: &str,
        status: MessageStatus,
    ) -> Result<u16, DevstackError> {
        let found = self.memory().sent.iter().find(|sent| sent.wamid == wamid).cloned();
        let sent =
            found.ok_or_else(|| DevstackError::UnknownMessage { wamid: wamid.to_owned() })?;
        let value = json!({
            "messaging_product": "whatsapp",
            "metadata": metadata(&sent.phone_number_id),
            "statuses": [status_of(&sent, status)],
        });
        self.post(&envelope(&value)).await
    }

    /// Brings a person's message to the service; gives its id and the status that was answered.
    pub(super) async fn receive(
        &self,
        inbound: InboundMessage,
    ) -> Result<(String, u16), DevstackError> {
        let wamid = new_wamid();
        let wa_id = message::digits(&inbound.from).unwrap_or(inbound.from);
        let (kind, content) = self.content(inbound.content);
        let value = json!({
            "messaging_product": "whatsapp",
            "metadata": metadata(PHONE_NUMBER_ID),
            "contacts": [{ "profile": { "name": inbound.name }, "wa_id": wa_id }],
            "messages": [{
                "from": wa_id,
                "id": wamid,
                "timestamp": timestamp(),
                "type": kind,
                kind: content,
            }],
        });
        let answered = self.post(&envelope(&value)).await?;
        Ok((wamid, answered))
    }

    /// Signs and posts any body.
    pub(super) async fn post(&self, body: &Value) -> Result<u16, DevstackError> {
        let callback = self.memory().callback.clone().ok_or(DevstackError::NoCallback)?;
        let body = as_meta_writes_it(body);
        let signature = sign(&self.app_secret, body.as_bytes());
        delivery::post(&callback, &signature, body).await
    }

    /// The type and the part of a message that depends on it; media are kept to be fetched.
    fn content(&self, content: InboundContent) -> (&'static str, Value) {
        match content {
            InboundContent::Text { body } => ("text", json!({ "body": body })),
            InboundContent::Image { media, caption } => {
                ("image", with(self.keep(media), "caption", caption))
            }
            InboundContent::Document { media, filename, caption } => {
                let document = with(self.keep(media), "filename", Some(filename));
                ("document", with(document, "caption", caption))
            }
            InboundContent::Audio { media } => {
                let mut audio = self.keep(media);
                if let Some(fields) = audio.as_object_mut() {
                    fields.insert("voice".to_owned(), true.into());
                }
                ("audio", audio)
            }
        }
    }

    fn keep(&self, media: Media) -> Value {
        let mut memory = self.memory();
        let id = (9_000_000_000_000_000_u64 + u64::try_from(memory.media.len()).unwrap_or(0))
            .to_string();
        let part = json!({ "id": id, "mime_type": media.mime_type, "sha256": media.sha256() });
        memory.media.insert(id, media);
        part
    }
}

/// Reports what becomes of a message that was just taken, where the stand-in does so by itself.
pub(super) fn report_by_itself(shared: &Data<Shared>, accepted: &Value) {
    let wamid = accepted.pointer("/messages/0/id").and_then(Value::as_str).map(str::to_owned);
    let Some(wamid) = wamid.filter(|_| shared.reports_by_itself) else { return };
    let shared = shared.clone();
    spawn(async move {
        for status in [MessageStatus::Sent, MessageStatus::Delivered] {
            sleep(MOMENT).await;
            if let Err(error) = shared.report(&wamid, status).await {
                tracing::warn!(%error, "a webhook was not taken");
            }
        }
    });
}

/// A new message's id.
pub(super) fn new_wamid() -> String {
    format!("wamid.HBgM{}", loopback::secret())
}

fn status_of(sent: &SentMessage, status: MessageStatus) -> Value {
    let name = match status {
        MessageStatus::Sent => "sent",
        MessageStatus::Delivered => "delivered",
        MessageStatus::Read => "read",
        MessageStatus::Failed { .. } => "failed",
    };
    let mut event = json!({
        "id": sent.wamid,
        "status": name,
        "timestamp": timestamp(),
        "recipient_id": sent.to.trim_start_matches('+'),
    });
    let category = if sent.code.is_some() { "authentication" } else { "service" };
    let extra = match status {
        MessageStatus::Sent | MessageStatus::Delivered => json!({
            "conversation": { "id": sent.wamid, "origin": { "type": category } },
            "pricing": {
                "billable": true, "pricing_model": "PMP", "type": "regular", "category": category,
            },
        }),
        MessageStatus::Read => json!({}),
        MessageStatus::Failed { code } => json!({ "errors": [{
            "code": code,
            "title": title(code),
            "message": title(code),
            "error_data": { "details": title(code) },
            "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
        }] }),
    };
    if let (Some(event), Value::Object(extra)) = (event.as_object_mut(), extra) {
        event.extend(extra);
    }
    event
}

fn envelope(value: &Value) -> Value {
    json!({
        "object": "whatsapp_business_account",
        "entry": [{ "id": ACCOUNT_ID, "changes": [{ "value": value, "field": "messages" }] }],
    })
}

fn metadata(phone_number_id: &str) -> Value {
    json!({ "display_phone_number": DISPLAY_NUMBER, "phone_number_id": phone_number_id })
}

/// Seconds, as text: so does Meta.
fn timestamp() -> String {
    loopback::now().unix_timestamp().to_string()
}

fn with(mut part: Value, name: &str, text: Option<String>) -> Value {
    if let (Some(text), Some(fields)) = (text, part.as_object_mut()) {
        fields.insert(name.to_owned(), text.into());
    }
    part
}

/// The bytes that Meta signs: everything beyond ASCII and every slash is escaped.
fn as_meta_writes_it(body: &Value) -> String {
    let mut escaped = String::new();
    for letter in body.to_string().chars() {
        match letter {
            '/' => escaped.push_str("\\/"),
            ascii if ascii.is_ascii() => escaped.push(ascii),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    let _infallible = write!(escaped, "\\u{unit:04x}");
                }
            }
        }
    }
    escaped
}

fn from_base64<'de, D: serde::Deserializer<'de>>(source: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(source)?;
    STANDARD.decode(text).map_err(serde::de::Error::custom)
}
