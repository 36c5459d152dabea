//! What the stand-in remembers, and how it was told to misbehave.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use tokio::sync::Notify;

use super::{WhatsAppOptions, graph_error::GraphError, message, webhook::Media};

/// A message that the stand-in accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SentMessage {
    /// To whom, with a leading `+`.
    pub to: String,
    /// The first parameter of a template's body: the one-time code.
    pub code: Option<String>,
    /// The body of a free text.
    pub text: Option<String>,
    /// The template's name.
    pub template: Option<String>,
    /// The template's language.
    pub language: Option<String>,
    /// The message's id, as the sender got it.
    pub wamid: String,
    /// When it was accepted.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Which of the business's numbers sent it.
    #[serde(skip)]
    pub(super) phone_number_id: String,
}

/// A request to the message endpoint, whatever became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WhatsAppCall {
    /// The version in the path, such as `v23.0`.
    pub version: String,
    /// The business's number in the path.
    pub phone_number_id: String,
    /// The body, or null where it was not JSON.
    pub body: Value,
    /// The answer's status; `None` where none was given.
    pub status: Option<u16>,
}

/// How the next request to the message endpoint goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Fault {
    /// It is refused with a status and one of Meta's codes.
    Refuse { status: u16, code: u32 },
    /// It is taken and never answered; nothing is sent.
    Hang,
    /// The message is sent, and the answer gets lost.
    LoseAnswer,
}

/// The part that every route and every caller shares.
#[derive(Debug)]
pub(super) struct Shared {
    /// The only token that is let in; without it any.
    pub(super) token: Option<String>,
    /// What webhooks are signed with.
    pub(super) app_secret: String,
    /// Whether every message is reported as sent and delivered by itself.
    pub(super) reports_by_itself: bool,
    /// Where the stand-in listens, without a slash at the end.
    pub(super) base_url: String,
    /// Wakes the requests that hang.
    pub(super) released: Notify,
    memory: Mutex<Memory>,
}

/// What changes while the stand-in runs.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) sent: Vec<SentMessage>,
    pub(super) calls: Vec<WhatsAppCall>,
    pub(super) faults: VecDeque<Fault>,
    pub(super) down: bool,
    pub(super) callback: Option<String>,
    pub(super) media: HashMap<String, Media>,
}

impl Shared {
    pub(super) fn new(base_url: String, options: WhatsAppOptions) -> Self {
        let WhatsAppOptions { port: _, token, app_secret, callback, reports_by_itself } = options;
        let memory = Mutex::new(Memory { callback, ..Memory::default() });
        Self { token, app_secret, reports_by_itself, base_url, released: Notify::new(), memory }
    }

    /// The memory, also after a panic of another test's thread.
    pub(super) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was sent, newest first, to one number or to all.
    pub(super) fn outbox(&self, to: Option<&str>) -> Vec<SentMessage> {
        let to = to.map(|number| with_plus(&message::digits(number).unwrap_or_default()));
        let fits = |sent: &&SentMessage| to.as_ref().is_none_or(|to| *to == sent.to);
        self.memory().sent.iter().rev().filter(fits).cloned().collect()
    }

    /// Lets through whoever has the token.
    pub(super) fn authorise(&self, bearer: Option<&str>) -> Result<(), GraphError> {
        match (bearer, &self.token) {
            (None | Some(""), _) => {
                Err(GraphError::token("An access token is required to request this resource."))
            }
            (Some(given), Some(wanted)) if given != wanted => {
                Err(GraphError::token("Invalid OAuth access token - Cannot parse access token"))
            }
            _ => Ok(()),
        }
    }

    /// Adds the same fault for the next `times` requests.
    pub(super) fn break_next(&self, times: u32, fault: &Fault) {
        let mut memory = self.memory();
        for _ in 0..times {
            memory.faults.push_back(fault.clone());
        }
    }

    /// Works properly again, and lets go of the requests that hang.
    pub(super) fn clear_faults(&self) {
        let mut memory = self.memory();
        memory.faults.clear();
        memory.down = false;
        self.released.notify_waiters();
    }

    /// Forgets everything but the callback.
    pub(super) fn reset(&self) {
        self.clear_faults();
        let mut memory = self.memory();
        let callback = memory.callback.take();
        *memory = Memory { callback, ..Memory::default() };
    }
}

/// A number as the service writes it.
pub(super) fn with_plus(digits: &str) -> String {
    format!("+{digits}")
}
