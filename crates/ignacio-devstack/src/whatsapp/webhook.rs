//! Webhooks: Meta's reports to the service, in Meta's format and with Meta's signature.

use std::{fmt::Write as _, time::Duration};

use actix_web::{
    rt::{spawn, time::sleep},
    web::Data,
};
use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http_body_util::Full;
use hyper::Request;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::{Value, json};
use sha2::Sha256;

use super::state::{SentMessage, State};
use crate::{
    DevstackError,
    loopback::{self, merged},
};

/// The business's number, for services that are configured with the stand-in.
pub const PHONE_NUMBER_ID: &str = "100200300400500";

/// The time before each automatic report.
const REPORT_DELAY: Duration = Duration::from_millis(300);

/// The callback has this long to answer; Meta waits about as long.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The delivery status of a sent message, as a webhook reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookStatus {
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

/// The signature of a webhook: the value of `X-Hub-Signature-256`.
pub fn sign(app_secret: &str, body: &[u8]) -> String {
    // HMAC takes keys of any length, so there is always one.
    let digest = Hmac::<Sha256>::new_from_slice(app_secret.as_bytes()).map(|mut mac| {
        mac.update(body);
        hex::encode(mac.finalize().into_bytes())
    });
    format!("sha256={}", digest.unwrap_or_default())
}

impl State {
    /// Reports the status of a message; returns the HTTP status of the answer.
    pub(super) async fn report(
        &self,
        wamid: &str,
        status: WebhookStatus,
    ) -> Result<u16, DevstackError> {
        let found = self.memory().sent.iter().find(|sent| sent.wamid == wamid).cloned();
        let sent =
            found.ok_or_else(|| DevstackError::UnknownMessage { wamid: wamid.to_owned() })?;
        let phone_number_id = &sent.phone_number_id;
        let value = json!({
            "messaging_product": "whatsapp",
            "metadata": {
                "display_phone_number": "15550100001", "phone_number_id": phone_number_id,
            },
            "statuses": [status_of(&sent, status)],
        });
        self.post(&json!({
            "object": "whatsapp_business_account",
            "entry": [{
                "id": "500400300200100", "changes": [{ "value": value, "field": "messages" }],
            }],
        }))
        .await
    }

    /// Signs and posts a body; returns the HTTP status of the answer.
    pub(super) async fn post(&self, body: &Value) -> Result<u16, DevstackError> {
        let url = self.memory().callback.clone().ok_or(DevstackError::NoCallback)?;
        let failed = |detail: String| DevstackError::Callback { url: url.clone(), detail };
        let body = escape(body);
        let request = Request::post(&url)
            .header("content-type", "application/json")
            .header("user-agent", "facebookexternalua")
            .header("x-hub-signature-256", sign(&self.options.app_secret, body.as_bytes()))
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| failed(error.to_string()))?;
        let client = Client::builder(TokioExecutor::new()).build_http();
        match tokio::time::timeout(TIMEOUT, client.request(request)).await {
            Ok(Ok(answer)) => Ok(answer.status().as_u16()),
            Ok(Err(error)) => Err(failed(error.to_string())),
            Err(_elapsed) => Err(failed(format!("no answer in {} seconds", TIMEOUT.as_secs()))),
        }
    }
}

/// Reports that a message was sent and delivered, a moment after each other.
pub(super) fn report_delivery(state: &Data<State>, wamid: String) {
    let state = state.clone();
    spawn(async move {
        for status in [WebhookStatus::Sent, WebhookStatus::Delivered] {
            sleep(REPORT_DELAY).await;
            if let Err(error) = state.report(&wamid, status).await {
                tracing::warn!(%error, "a webhook was not taken");
            }
        }
    });
}

fn status_of(sent: &SentMessage, status: WebhookStatus) -> Value {
    let category = if sent.code.is_some() { "authentication" } else { "service" };
    let pricing = json!({ "category": category, "pricing_model": "PMP", "type": "regular" });
    let (name, extra) = match status {
        WebhookStatus::Sent => ("sent", json!({ "pricing": pricing })),
        WebhookStatus::Delivered => ("delivered", json!({ "pricing": pricing })),
        WebhookStatus::Read => ("read", json!({})),
        WebhookStatus::Failed { code } => {
            let title = "Message undeliverable";
            let data = json!({ "details": title });
            let error =
                json!({ "code": code, "title": title, "message": title, "error_data": data });
            ("failed", json!({ "errors": [error] }))
        }
    };
    let event = json!({
        "id": sent.wamid,
        "status": name,
        // Seconds as text, as Meta sends them.
        "timestamp": loopback::now().unix_timestamp().to_string(),
        "recipient_id": sent.to.trim_start_matches('+'),
    });
    merged(event, extra)
}

/// The bytes that Meta signs: everything beyond ASCII and every slash is escaped.
fn escape(body: &Value) -> String {
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
