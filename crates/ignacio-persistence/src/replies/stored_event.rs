//! How the events of a reply are stored: each row of the log covers the events `first_seq` to
//! `seq`. Adjacent deltas share a row that keeps the text of each, so that a reader can join
//! anywhere.

use ignacio_domain::citation::Citation;
use ignacio_domain::ids::{FileId, MessageId, ResponseId};
use ignacio_domain::reply::{NumberedEvent, ReplyEvent, ToolKind};
use ignacio_domain::response::{ReplyFailure, ReplyOutcome};
use ignacio_domain::usage::Usage;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::StoreError;

/// The content of a row of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "snake_case")]
pub(crate) enum StoredEvent {
    Created {
        message: Uuid,
    },
    ToolStarted {
        tool: ToolKind,
    },
    ToolFinished {
        tool: ToolKind,
    },
    Delta {
        texts: Vec<String>,
    },
    Cited {
        file: Option<Uuid>,
        file_name: String,
        quote: Option<String>,
        position: i32,
        /// Rows of before do not say.
        #[serde(default)]
        verified: Option<bool>,
    },
    FilePending {
        file: Uuid,
        name: String,
    },
    Titled {
        text: String,
    },
    Used(Usage),
    Completed {},
    Incomplete {
        reason: String,
    },
    Cancelled {},
    Failed {
        failure: ReplyFailure,
    },
}

/// A row of the log: its range, and its content.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LogRow {
    pub(crate) first_seq: i64,
    pub(crate) seq: i64,
    pub(crate) logged: StoredEvent,
}

impl LogRow {
    /// Parses a row's columns.
    pub(crate) fn decode(
        first_seq: i64,
        seq: i64,
        kind: &str,
        payload: &serde_json::Value,
    ) -> Result<Self, StoreError> {
        let tagged = serde_json::json!({ "kind": kind, "payload": payload });
        let logged = serde_json::from_value(tagged)
            .ok()
            .ok_or(StoreError::corrupt("response_events", "payload"))?;
        Ok(Self { first_seq, seq, logged })
    }

    /// The row's kind and payload, as columns.
    pub(crate) fn encode(&self) -> Result<(String, serde_json::Value), StoreError> {
        let corrupt = || StoreError::corrupt("response_events", "payload");
        let mut tagged = serde_json::to_value(&self.logged).ok().ok_or_else(corrupt)?;
        let kind = tagged.get("kind").and_then(|it| it.as_str()).ok_or_else(corrupt)?.to_owned();
        let payload = tagged.get_mut("payload").map(serde_json::Value::take).unwrap_or_default();
        Ok((kind, payload))
    }

    /// The events after `after`, deltas merged into one.
    pub(crate) fn into_event(self, response: ResponseId, after: i64) -> Option<NumberedEvent> {
        if self.seq <= after {
            return None;
        }
        let event = match self.logged {
            StoredEvent::Created { message } => {
                ReplyEvent::Created { response, message: MessageId::from_uuid(message) }
            }
            StoredEvent::ToolStarted { tool } => ReplyEvent::ToolStarted(tool),
            StoredEvent::ToolFinished { tool } => ReplyEvent::ToolFinished(tool),
            StoredEvent::Delta { texts } => {
                let seen = usize::try_from(after - self.first_seq + 1).unwrap_or(0);
                ReplyEvent::Delta(texts.into_iter().skip(seen).collect())
            }
            StoredEvent::Cited { file, file_name, quote, position, verified } => {
                let file = file.map(FileId::from_uuid);
                ReplyEvent::Cited(Citation { file, file_name, quote, position, verified })
            }
            StoredEvent::FilePending { file, name } => {
                ReplyEvent::FilePending { file: FileId::from_uuid(file), name }
            }
            StoredEvent::Titled { text } => ReplyEvent::Titled(text),
            StoredEvent::Used(usage) => ReplyEvent::Used(usage),
            StoredEvent::Completed {} => ReplyEvent::Ended(ReplyOutcome::Completed),
            StoredEvent::Incomplete { reason } => {
                ReplyEvent::Ended(ReplyOutcome::Incomplete { reason })
            }
            StoredEvent::Cancelled {} => ReplyEvent::Ended(ReplyOutcome::Cancelled),
            StoredEvent::Failed { failure } => ReplyEvent::Ended(ReplyOutcome::Failed(failure)),
        };
        Some(NumberedEvent { seq: self.seq, event })
    }
}

/// Packs events into as few rows as possible; their numbers must have no gaps.
pub(crate) fn pack(events: &[NumberedEvent]) -> Vec<LogRow> {
    let mut rows: Vec<LogRow> = Vec::new();
    for NumberedEvent { seq, event } in events {
        if let ReplyEvent::Delta(text) = event
            && let Some(LogRow { seq: last, logged: StoredEvent::Delta { texts }, .. }) =
                rows.last_mut()
        {
            *last = *seq;
            texts.push(text.clone());
            continue;
        }
        rows.push(LogRow { first_seq: *seq, seq: *seq, logged: logged(event) });
    }
    rows
}

fn logged(event: &ReplyEvent) -> StoredEvent {
    match event.clone() {
        ReplyEvent::Created { message, .. } => {
            StoredEvent::Created { message: message.into_uuid() }
        }
        ReplyEvent::ToolStarted(tool) => StoredEvent::ToolStarted { tool },
        ReplyEvent::ToolFinished(tool) => StoredEvent::ToolFinished { tool },
        ReplyEvent::Delta(text) => StoredEvent::Delta { texts: vec![text] },
        ReplyEvent::Cited(Citation { file, file_name, quote, position, verified }) => {
            let file = file.map(FileId::into_uuid);
            StoredEvent::Cited { file, file_name, quote, position, verified }
        }
        ReplyEvent::FilePending { file, name } => {
            StoredEvent::FilePending { file: file.into_uuid(), name }
        }
        ReplyEvent::Titled(text) => StoredEvent::Titled { text },
        ReplyEvent::Used(usage) => StoredEvent::Used(usage),
        ReplyEvent::Ended(ReplyOutcome::Completed) => StoredEvent::Completed {},
        ReplyEvent::Ended(ReplyOutcome::Incomplete { reason }) => {
            StoredEvent::Incomplete { reason }
        }
        ReplyEvent::Ended(ReplyOutcome::Cancelled) => StoredEvent::Cancelled {},
        ReplyEvent::Ended(ReplyOutcome::Failed(failure)) => StoredEvent::Failed { failure },
    }
}

#[cfg(test)]
mod tests;
