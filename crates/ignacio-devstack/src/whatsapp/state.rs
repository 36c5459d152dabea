//! What the stand-in remembers, and its faults.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard},
};

use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use tokio::sync::Notify;

use super::{WhatsAppOptions, graph_error::GraphError, message};
use crate::loopback;

/// A message that the stand-in accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SentMessage {
    /// The recipient, with a leading `+`.
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

/// A request to the message endpoint, accepted or not.
#[derive(Debug, Clone, PartialEq, Eq)]
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is refused with a status and one of Meta's codes.
    Refuse { status: u16, code: u32 },
    /// It is never answered; nothing is sent.
    Hang,
    /// The message is sent, and the answer gets lost.
    LoseAnswer,
    /// The connection breaks; nothing is sent.
    Down,
}

/// What all routes and callers share.
#[derive(Debug)]
pub(super) struct State {
    pub(super) options: WhatsAppOptions,
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
    pub(super) is_down: bool,
    pub(super) callback: Option<String>,
}

impl State {
    pub(super) fn new(base_url: String, options: WhatsAppOptions) -> Self {
        let memory = Memory { callback: options.callback.clone(), ..Memory::default() };
        Self { options, base_url, released: Notify::new(), memory: memory.into() }
    }

    pub(super) fn memory(&self) -> MutexGuard<'_, Memory> {
        loopback::lock(&self.memory)
    }

    /// Logs a request; returns its index and the fault that hits it.
    pub(super) fn record(&self, call: WhatsAppCall) -> (usize, Option<Fault>) {
        let mut memory = self.memory();
        memory.calls.push(call);
        let fault = if memory.is_down { Some(Fault::Down) } else { memory.faults.pop_front() };
        (memory.calls.len() - 1, fault)
    }

    /// What was sent, newest first, to one number or to all.
    pub(super) fn outbox(&self, to: Option<&str>) -> Vec<SentMessage> {
        let to = to.map(|number| format!("+{}", message::digits(number).unwrap_or_default()));
        let fits = |sent: &&SentMessage| to.as_ref().is_none_or(|to| *to == sent.to);
        self.memory().sent.iter().rev().filter(fits).cloned().collect()
    }

    /// Refuses a request without the token.
    pub(super) fn authorise(&self, bearer: Option<&str>) -> Result<(), GraphError> {
        let is_known = bearer.filter(|it| !it.is_empty()).is_some_and(|given| {
            self.options.token.as_deref().is_none_or(|wanted| given == wanted)
        });
        if is_known { Ok(()) } else { Err(GraphError::new(401, 190, "Invalid OAuth access token")) }
    }

    /// Adds the same fault for the next `times` requests.
    pub(super) fn break_next(&self, times: u32, fault: &Fault) {
        self.memory().faults.extend((0..times).map(|_| fault.clone()));
    }

    /// Ends all faults, and breaks the connections of the requests that hang.
    pub(super) fn clear_faults(&self) {
        let mut memory = self.memory();
        memory.faults.clear();
        memory.is_down = false;
        self.released.notify_waiters();
    }
}
