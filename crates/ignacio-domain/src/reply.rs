//! The events of a reply, as its reader follows them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::citation::Citation;
use crate::ids::{FileId, MessageId, ResponseId};
use crate::response::ReplyOutcome;
use crate::usage::Usage;

/// A tool that the model uses while it replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolKind {
    /// Looks into the person's documents.
    FileSearch,
    /// Looks into the web.
    WebSearch,
}

impl ToolKind {
    /// The word for it in the database and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FileSearch => "file_search",
            Self::WebSearch => "web_search",
        }
    }
}

/// Something that happened in a reply; the last one is always [`ReplyEvent::Ended`].
#[derive(Clone, PartialEq)]
pub enum ReplyEvent {
    /// A worker has begun.
    Created {
        /// The response.
        response: ResponseId,
        /// The message that it writes.
        message: MessageId,
    },
    /// The model began to use a tool.
    ToolStarted(ToolKind),
    /// The model is done with a tool.
    ToolFinished(ToolKind),
    /// More text.
    Delta(String),
    /// A quotation from one of the person's documents.
    Cited(Citation),
    /// A document that came with the question cannot be searched yet: the reply goes on without it.
    FilePending {
        /// The document.
        file: FileId,
        /// What it is called.
        name: String,
    },
    /// The conversation has got a name meanwhile.
    Titled(String),
    /// What it took.
    Used(Usage),
    /// The end.
    Ended(ReplyOutcome),
}

impl fmt::Debug for ReplyEvent {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Created { response, message } => {
                write!(out, "Created({response}, {message})")
            }
            Self::ToolStarted(tool) => write!(out, "ToolStarted({tool:?})"),
            Self::ToolFinished(tool) => write!(out, "ToolFinished({tool:?})"),
            // What the model writes is as private as what it was asked.
            Self::Delta(text) => write!(out, "Delta({} bytes)", text.len()),
            Self::Cited(citation) => write!(out, "Cited({citation:?})"),
            Self::FilePending { file, .. } => write!(out, "FilePending({file})"),
            Self::Titled(_) => out.write_str("Titled(…)"),
            Self::Used(usage) => write!(out, "Used({usage:?})"),
            Self::Ended(outcome) => write!(out, "Ended({outcome:?})"),
        }
    }
}

/// An event and its number: 1, 2, 3 … within its response, without gaps.
#[derive(Clone, Debug, PartialEq)]
pub struct NumberedEvent {
    /// The number, which clients send back as `Last-Event-ID`.
    pub seq: i64,
    /// What happened.
    pub event: ReplyEvent,
}
