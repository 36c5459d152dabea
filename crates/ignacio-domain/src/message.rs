//! Messages: what the person wrote and what Ignacio answered.

use thiserror::Error;
use time::OffsetDateTime;

use crate::citation::Citation;
use crate::feedback::Feedback;
use crate::ids::{ConversationId, FileId, MessageId, ResponseId};
use crate::redacted_debug::redacted_debug;

/// The longest message of a person, in bytes of UTF-8.
pub const MAX_BODY_BYTES: usize = 32 * 1024;
/// How many files may hang on one message.
pub const MAX_ATTACHMENTS: usize = 20;

/// What a person wrote: not blank, at most [`MAX_BODY_BYTES`], no NUL (Postgres cannot store it).
#[derive(Clone, PartialEq, Eq)]
pub struct MessageBody(String);

redacted_debug!(MessageBody);

/// Why a text is no message.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum BodyError {
    /// Nothing, or nothing but white space.
    #[error("a message needs some text")]
    Blank,
    /// Over the limit.
    #[error("a message has at most {MAX_BODY_BYTES} bytes")]
    TooLong,
    /// A NUL character.
    #[error("a message has no NUL characters")]
    Nul,
}

impl MessageBody {
    /// Checks a text and keeps it as it was written.
    pub fn parse(text: String) -> Result<Self, BodyError> {
        if text.trim().is_empty() {
            Err(BodyError::Blank)
        } else if text.len() > MAX_BODY_BYTES {
            Err(BodyError::TooLong)
        } else if text.contains('\0') {
            Err(BodyError::Nul)
        } else {
            Ok(Self(text))
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    /// The person whose conversation it is.
    User,
    /// Ignacio.
    Ignacio,
}

/// How far a message is. A person's own messages are complete from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageStatus {
    /// A reply that is waited for or being written.
    Pending,
    /// Whole.
    Complete,
    /// Ended early for a reason that the provider gave; the text so far is kept.
    Incomplete,
    /// Stopped by the person; the text so far is kept.
    Cancelled,
    /// Could not be written, or not to its end; the text so far is kept.
    Failed,
}

impl MessageStatus {
    /// The word for it in the database and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Complete => "complete",
            Self::Incomplete => "incomplete",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }

    /// Reads the stored word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Pending, Self::Complete, Self::Incomplete, Self::Cancelled, Self::Failed]
            .into_iter()
            .find(|it| it.as_str() == text)
    }
}

/// A file that hangs on a message.
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Which file.
    pub id: FileId,
    /// What it is called.
    pub name: String,
    /// Its media type.
    pub media_type: String,
}

redacted_debug!(Attachment { id, media_type });

/// A message as its owner reads it.
#[derive(Clone)]
pub struct Message {
    /// Which one it is.
    pub id: MessageId,
    /// The conversation that it belongs to.
    pub conversation: ConversationId,
    /// Who wrote it.
    pub author: Author,
    /// What it says; the text so far while it is being written.
    pub content: String,
    /// How far it is.
    pub status: MessageStatus,
    /// The newest generation of a reply; `None` on a person's message.
    pub response: Option<ResponseId>,
    /// What hangs on it.
    pub attachments: Vec<Attachment>,
    /// What the reply quotes.
    pub citations: Vec<Citation>,
    /// When it was written.
    pub created_at: OffsetDateTime,
    /// Which version it is, from 1.
    pub version: i32,
    /// The version before.
    pub replaces: Option<MessageId>,
    /// When a later version took its place, or that of a message before it.
    pub replaced_at: Option<OffsetDateTime>,
    /// What the person thinks of the reply.
    pub feedback: Option<Feedback>,
}

redacted_debug!(Message {
    id,
    conversation,
    author,
    status,
    response,
    attachments,
    citations,
    created_at,
    version,
    replaces,
    replaced_at,
    feedback
});

/// A message that a person sends.
#[derive(Clone)]
pub struct NewMessage {
    /// What it says.
    pub body: MessageBody,
    /// The stored files to hang on it.
    pub files: Vec<FileId>,
}

redacted_debug!(NewMessage { files });
