//! A stand-in for the WhatsApp Cloud API: takes messages, keeps them readable, posts webhooks.

mod graph_error;
mod message;
mod routes;
mod state;
mod webhook;

use actix_web::web::{Data, ServiceConfig};
use serde_json::Value;

use self::state::{Fault, State};
use crate::{DevstackError, http_server::HttpServerThread, loopback};

pub use self::{
    state::{SentMessage, WhatsAppCall},
    webhook::{PHONE_NUMBER_ID, WebhookStatus, sign},
};

/// What the stand-in is started with.
#[derive(Debug, Clone, Default)]
pub struct WhatsAppOptions {
    /// The port on 127.0.0.1; without it any free one.
    pub port: Option<u16>,
    /// The only bearer token that is accepted; without it any that is not empty.
    pub token: Option<String>,
    /// What webhooks are signed with.
    pub app_secret: String,
    /// The `http://` address that webhooks are posted to; it can be set later.
    pub callback: Option<String>,
    /// Whether every message is reported as sent and delivered by itself, a moment after it was
    /// accepted, as by Meta; otherwise a test reports what it wants.
    pub reports_by_itself: bool,
}

/// A running stand-in; dropping it stops the server. `GET /outbox?to=…` shows the messages to a
/// number, newest first, to other processes.
#[derive(Debug)]
pub struct WhatsAppStandIn {
    state: Data<State>,
    _server: HttpServerThread,
}

impl WhatsAppStandIn {
    /// Starts the stand-in on a thread of its own.
    pub fn start(options: WhatsAppOptions) -> Result<Self, DevstackError> {
        let part = "the WhatsApp stand-in";
        let (listener, address) = loopback::listen(part, options.port)?;
        let base_url = format!("http://{address}");
        let state = Data::new(State::new(base_url, options));
        let served = state.clone();
        let configure = move |config: &mut ServiceConfig| {
            config.app_data(served.clone());
            routes::configure(config);
        };
        let server = HttpServerThread::start(part, listener, || {}, configure)?;
        Ok(Self { state, _server: server })
    }

    /// The address without a version: the service is configured with `{base_url}/v23.0`.
    pub fn base_url(&self) -> &str {
        &self.state.base_url
    }

    /// The messages to one number, newest first.
    pub fn outbox(&self, to: &str) -> Vec<SentMessage> {
        self.state.outbox(Some(to))
    }

    /// Every message, newest first.
    pub fn sent(&self) -> Vec<SentMessage> {
        self.state.outbox(None)
    }

    /// The newest code that was sent to a number.
    pub fn code_for(&self, phone: &str) -> Option<String> {
        self.outbox(phone).into_iter().find_map(|sent| sent.code)
    }

    /// Every request to the message endpoint, oldest first, refused ones included.
    pub fn calls(&self) -> Vec<WhatsAppCall> {
        self.state.memory().calls.clone()
    }

    /// Refuses the next `times` requests with a status and one of Meta's codes.
    pub fn fail_next(&self, times: u32, status: u16, code: u32) {
        self.state.break_next(times, &Fault::Refuse { status, code });
    }

    /// Leaves the next `times` requests without an answer; nothing is sent.
    pub fn hang_next(&self, times: u32) {
        self.state.break_next(times, &Fault::Hang);
    }

    /// Sends the next `times` messages and breaks the connection instead of answering.
    pub fn lose_next_answers(&self, times: u32) {
        self.state.break_next(times, &Fault::LoseAnswer);
    }

    /// Breaks every connection without an answer until [`WhatsAppStandIn::clear_faults`].
    pub fn take_down(&self) {
        self.state.memory().is_down = true;
    }

    /// Ends all faults, and breaks the connections of the requests that hang.
    pub fn clear_faults(&self) {
        self.state.clear_faults();
    }

    /// Where webhooks are posted from now on.
    pub fn set_callback(&self, url: &str) {
        self.state.memory().callback = Some(url.to_owned());
    }

    /// Posts a webhook with the status of a message; returns the HTTP status of the answer.
    pub async fn report_status(
        &self,
        wamid: &str,
        status: WebhookStatus,
    ) -> Result<u16, DevstackError> {
        self.state.report(wamid, status).await
    }

    /// Signs and posts a body; returns the HTTP status of the answer.
    pub async fn post_webhook(&self, body: &Value) -> Result<u16, DevstackError> {
        self.state.post(body).await
    }
}
