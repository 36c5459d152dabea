//! The ports: what the service needs from external systems, and how that may fail.
//!
//! Each error says what the caller can do about it, never what the provider sent.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_core::Stream;
use thiserror::Error;
use time::OffsetDateTime;

use crate::file::ObjectKey;
use crate::ids::{FileId, UserId};
use crate::locale::Locale;
use crate::otp::OtpCode;
use crate::phone::PhoneNumber;
use crate::prompt::{Prompt, TextRequest};
use crate::redacted_debug::redacted_debug;
use crate::reply::ToolKind;
use crate::response::ReplyOutcome;
use crate::usage::Usage;

/// Bytes that arrive over time.
pub type ByteStream = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// Why a call to an external system failed, by what the caller can do.
#[derive(Debug, Error)]
pub enum PortError {
    /// Try again later: no connection, a timeout, overload, or a fault on the other side.
    #[error("the other side is unavailable: {reason}")]
    Transient {
        /// How long the other side asks to wait.
        retry_after: Option<Duration>,
        /// For the log.
        reason: String,
    },
    /// The other side does not have it.
    #[error("the other side does not have it")]
    NotFound,
    /// Retrying will not help.
    #[error("the other side refused ({code}): {reason}")]
    Rejected {
        /// A stable code, stored with the row that was processed.
        code: String,
        /// For the log.
        reason: String,
    },
    /// A key, a permission, a quota or a name is wrong: an operator must act.
    #[error("misconfigured or out of quota ({code}): {reason}")]
    Misconfigured {
        /// A stable code, stored with the row that was processed.
        code: String,
        /// For the log.
        reason: String,
    },
}

/// Bytes of an object: from the first to the last, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteRange {
    /// The position of the first byte, counted from 0.
    pub first: u64,
    /// The position of the last byte, not before the first.
    pub last: u64,
}

impl ByteRange {
    /// The number of bytes.
    pub const fn length(self) -> u64 {
        self.last - self.first + 1
    }
}

/// What is read of an object.
pub struct ObjectContent {
    /// The size of the whole object, in bytes.
    pub size: u64,
    /// The requested bytes.
    pub bytes: ByteStream,
}

/// The object store (S3).
#[async_trait]
pub trait ObjectStore: Send + Sync {
    /// Stores bytes of unknown length under a key, in bounded memory; a partial object is
    /// removed if `content` or the store fails. An error of `content` is reported as
    /// [`PortError::Rejected`] with the code `content`.
    async fn put(
        &self,
        key: &ObjectKey,
        media_type: &str,
        content: ByteStream,
    ) -> Result<(), PortError>;
    /// Reads an object, or the bytes of a range, which must lie within it.
    async fn get(
        &self,
        key: &ObjectKey,
        range: Option<ByteRange>,
    ) -> Result<ObjectContent, PortError>;
    /// Deletes an object; succeeds if it does not exist.
    async fn delete(&self, key: &ObjectKey) -> Result<(), PortError>;
    /// Creates the bucket, private, if it is missing. True if it was created.
    async fn ensure_bucket(&self) -> Result<bool, PortError>;
    /// Checks that the bucket is reachable.
    async fn check(&self) -> Result<(), PortError>;
}

/// A file to upload to the provider.
pub struct ProviderUpload {
    /// The name at the provider, by which it can be found again.
    pub name: String,
    /// The media type.
    pub media_type: String,
    /// The size in bytes.
    pub size: u64,
    /// The bytes.
    pub content: ByteStream,
}

/// A file at the provider.
#[derive(Clone, PartialEq, Eq)]
pub struct ProviderFile {
    /// The provider's id.
    pub id: String,
    /// The name that we gave it.
    pub name: String,
}

redacted_debug!(ProviderFile { id });

/// The provider's progress in indexing a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexingStatus {
    /// Not finished yet.
    InProgress,
    /// The file can be searched.
    Completed,
    /// The file cannot be indexed.
    Failed {
        /// The provider's error code, such as `unsupported_file`.
        code: String,
    },
}

/// Attributes that the provider stores with a file, and by which each search is filtered.
#[derive(Clone, Copy, Debug)]
pub struct FileAttributes {
    /// The owner.
    pub owner: UserId,
    /// Our id of the file.
    pub file: FileId,
}

/// The files at the provider, and one vector store per user that indexes them.
#[async_trait]
pub trait VectorStore: Send + Sync {
    /// Uploads a file and returns the provider's id. Not idempotent: search by name first if an
    /// earlier attempt may have succeeded.
    async fn upload_file(&self, upload: ProviderUpload) -> Result<String, PortError>;
    /// The files of exactly this name that were created at `since` or later, oldest first.
    async fn find_files(
        &self,
        name: &str,
        since: OffsetDateTime,
    ) -> Result<Vec<ProviderFile>, PortError>;
    /// Deletes a file, also from every vector store; succeeds if it does not exist.
    async fn delete_file(&self, id: &str) -> Result<(), PortError>;
    /// Creates a vector store and returns its id.
    async fn create_store(&self, name: &str) -> Result<String, PortError>;
    /// Deletes a vector store; succeeds if it does not exist.
    async fn delete_store(&self, store: &str) -> Result<(), PortError>;
    /// Adds a file to a vector store; succeeds if it is already in it.
    /// [`PortError::NotFound`] if the store or the file does not exist.
    async fn attach_file(
        &self,
        store: &str,
        file: &str,
        attributes: FileAttributes,
    ) -> Result<(), PortError>;
    /// The indexing status of a file. [`PortError::NotFound`] if it is not in the store.
    async fn indexing_status(&self, store: &str, file: &str) -> Result<IndexingStatus, PortError>;
    /// Removes a file from a vector store; succeeds if it is not in it.
    async fn detach_file(&self, store: &str, file: &str) -> Result<(), PortError>;
}

/// One event of a reply, as the provider sends it.
#[derive(Clone, Debug, PartialEq)]
pub struct AssistantEvent {
    /// The provider's number, for [`Assistant::resume`].
    pub cursor: i64,
    /// What happened.
    pub kind: AssistantEventKind,
}

/// The kinds of events.
#[derive(Clone, PartialEq)]
pub enum AssistantEventKind {
    /// The provider accepted the request; its id serves to resume, cancel and continue.
    Started {
        /// The provider's id.
        provider_id: String,
    },
    /// A tool call started.
    ToolStarted(ToolKind),
    /// A tool call finished.
    ToolFinished(ToolKind),
    /// File search found this passage.
    Retrieved {
        /// The provider's id of the file.
        provider_file_id: String,
        /// The passage.
        text: String,
    },
    /// More text.
    Delta(String),
    /// The text cites a file.
    Cited {
        /// The provider's id of the file.
        provider_file_id: String,
        /// The file's name at the provider.
        file_name: String,
        /// The position in the text, in characters.
        position: i32,
    },
    /// The final event. A stream that stops without one was interrupted.
    Ended {
        /// The outcome.
        outcome: ReplyOutcome,
        /// The usage, if the provider reports it.
        usage: Option<Usage>,
    },
}

impl fmt::Debug for AssistantEventKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started { provider_id } => write!(out, "Started({provider_id})"),
            Self::ToolStarted(tool) => write!(out, "ToolStarted({tool:?})"),
            Self::ToolFinished(tool) => write!(out, "ToolFinished({tool:?})"),
            Self::Retrieved { provider_file_id, text } => {
                write!(out, "Retrieved({provider_file_id}, {} bytes)", text.len())
            }
            Self::Delta(text) => write!(out, "Delta({} bytes)", text.len()),
            Self::Cited { provider_file_id, position, .. } => {
                write!(out, "Cited({provider_file_id}, at {position})")
            }
            Self::Ended { outcome, usage } => write!(out, "Ended({outcome:?}, {usage:?})"),
        }
    }
}

/// The events of a reply. An `Err` item ends the stream.
pub type ReplyStream = Pin<Box<dyn Stream<Item = Result<AssistantEvent, AssistantError>> + Send>>;

/// Why a reply failed.
#[derive(Debug, Error)]
pub enum AssistantError {
    /// The provider lost the state of [`Prompt::previous_response_id`]: repeat the request with the
    /// whole history.
    #[error("the provider lost the conversation's state")]
    StateLost,
    /// Anything else.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// A generated text that is not a reply.
#[derive(Clone, PartialEq, Eq)]
pub struct GeneratedText {
    /// What the model wrote; never blank.
    pub text: String,
    /// The usage, if the provider reports it.
    pub usage: Option<Usage>,
}

redacted_debug!(GeneratedText { usage });

/// The model.
#[async_trait]
pub trait Assistant: Send + Sync {
    /// Starts a reply with one upstream request, which the implementation never repeats.
    async fn start(&self, prompt: Prompt) -> Result<ReplyStream, AssistantError>;
    /// Follows a reply that was started before, from the provider's event after `after`.
    async fn resume(&self, provider_id: &str, after: i64) -> Result<ReplyStream, AssistantError>;
    /// Generates a short text, not streamed, with one upstream request that is never repeated by the
    /// implementation; the provider does not store it.
    async fn generate_text(&self, request: TextRequest) -> Result<GeneratedText, AssistantError>;
    /// The usage of a reply, from the provider's stored response; `None` if it reports none or does
    /// not have the response.
    async fn fetch_usage(&self, provider_id: &str) -> Result<Option<Usage>, PortError>;
    /// Cancels a reply upstream.
    async fn cancel(&self, provider_id: &str) -> Result<(), PortError>;
    /// Deletes what the provider stored of a reply; succeeds if there is nothing.
    async fn delete_response(&self, provider_id: &str) -> Result<(), PortError>;
}

/// An event that its user is notified of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// The user's phone number changed.
    PhoneChanged,
    /// A login from an unknown device.
    NewDevice,
}

/// Why a message could not be sent, by what the sender can do.
#[derive(Debug, Error)]
pub enum SendError {
    /// Try again in a moment: no response, or a fault on the other side.
    #[error("the other side is unavailable: {reason}")]
    Transient {
        /// For the log.
        reason: String,
    },
    /// Too many messages, to this number or to all numbers.
    #[error("the other side wants a pause: {reason}")]
    Throttled {
        /// How long to wait.
        retry_after: Duration,
        /// For the log.
        reason: String,
    },
    /// This number cannot be reached.
    #[error("the number cannot be reached ({code})")]
    Unreachable {
        /// The provider's error code.
        code: String,
    },
    /// Nothing can be sent to any number until an operator acts.
    #[error("nothing can be sent ({code}): {reason}")]
    Misconfigured {
        /// The provider's error code.
        code: String,
        /// For the log.
        reason: String,
        /// Whether the provider rejects our credentials.
        is_critical: bool,
    },
}

/// Sends codes and notices (WhatsApp).
#[async_trait]
pub trait Messenger: Send + Sync {
    /// Sends a code in the user's language and returns the provider's message id.
    async fn send_code(
        &self,
        to: &PhoneNumber,
        code: &OtpCode,
        locale: Locale,
    ) -> Result<String, SendError>;
    /// Sends a notice in the user's language and returns the provider's message id.
    async fn send_notice(
        &self,
        to: &PhoneNumber,
        notice: NoticeKind,
        locale: Locale,
    ) -> Result<String, SendError>;
}
