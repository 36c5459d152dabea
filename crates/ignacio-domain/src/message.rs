//! Messages of a conversation: the user's, and Ignacio's replies.

use thiserror::Error;
use time::OffsetDateTime;

use crate::citation::Citation;
use crate::feedback::Feedback;
use crate::ids::{ConversationId, FileId, MessageId, ResponseId};
use crate::redacted_debug::redacted_debug;

/// The longest message of a user, in bytes of UTF-8.
pub const MAX_BODY_BYTES: usize = 32 * 1024;
/// The most attachments of one message.
pub const MAX_ATTACHMENTS: usize = 20;

/// What a user wrote: not blank, at most [`MAX_BODY_BYTES`], no NUL (Postgres cannot store it).
#[derive(Clone, PartialEq, Eq)]
pub struct MessageBody(String);

redacted_debug!(MessageBody);

/// Why a text is not a valid message.
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
    /// The user whose conversation it is.
    User,
    /// Ignacio.
    Ignacio,
}

/// The status of a message. A user's own messages are complete from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageStatus {
    /// A reply that is queued or being written.
    Pending,
    /// Complete.
    Complete,
    /// Ended early for a reason that the provider gave; the text so far is kept.
    Incomplete,
    /// Cancelled by the user; the text so far is kept.
    Cancelled,
    /// Failed; the text so far is kept.
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

    /// Parses the stored word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Pending, Self::Complete, Self::Incomplete, Self::Cancelled, Self::Failed]
            .into_iter()
            .find(|it| it.as_str() == text)
    }
}

/// A file that is attached to a message.
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The identifier.
    pub id: FileId,
    /// The name.
    pub name: String,
    /// The media type.
    pub media_type: String,
}

redacted_debug!(Attachment { id, media_type });

/// A message as its owner reads it.
#[derive(Clone)]
pub struct Message {
    /// The identifier.
    pub id: MessageId,
    /// The conversation that it belongs to.
    pub conversation: ConversationId,
    /// Who wrote it.
    pub author: Author,
    /// The text; while a reply is being written, the text so far.
    pub content: String,
    /// The state.
    pub status: MessageStatus,
    /// The latest response that wrote the reply; `None` for a user's message.
    pub response: Option<ResponseId>,
    /// The attached files.
    pub attachments: Vec<Attachment>,
    /// The citations of a reply.
    pub citations: Vec<Citation>,
    /// When it was written.
    pub created_at: OffsetDateTime,
    /// The version, from 1.
    pub version: i32,
    /// The previous version.
    pub replaces: Option<MessageId>,
    /// When a later version replaced it, or replaced a message before it.
    pub replaced_at: Option<OffsetDateTime>,
    /// The user's feedback on a reply.
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

/// A message that a user sends.
#[derive(Clone)]
pub struct NewMessage {
    /// The text.
    pub body: MessageBody,
    /// The files to attach.
    pub files: Vec<FileId>,
}

redacted_debug!(NewMessage { files });
