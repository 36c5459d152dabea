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
    /// Searches the user's files.
    FileSearch,
    /// Searches the web.
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
    /// A worker started the response.
    Created {
        /// The response.
        response: ResponseId,
        /// The message that it writes.
        message: MessageId,
    },
    /// The model started a tool call.
    ToolStarted(ToolKind),
    /// The model finished a tool call.
    ToolFinished(ToolKind),
    /// More text.
    Delta(String),
    /// A citation of one of the user's files.
    Cited(Citation),
    /// An attached file cannot be searched yet: the reply continues without it.
    FilePending {
        /// The file.
        file: FileId,
        /// The file's name.
        name: String,
    },
    /// The conversation got a title.
    Titled(String),
    /// The usage.
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
            // The model's text is as private as the user's.
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
    /// The number, which clients return as `Last-Event-ID`.
    pub seq: i64,
    /// What happened.
    pub event: ReplyEvent,
}
