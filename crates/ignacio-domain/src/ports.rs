//! The ports: what the service needs from the world outside, and how that may fail.
//!
//! Each error says what the caller can do about it, never what the provider's wire looked like.

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

/// Why a call to the outside failed, by what the caller can do.
#[derive(Debug, Error)]
pub enum PortError {
    /// Try again later: no connection, time-out, overload, a fault on the other side.
    #[error("the other side is unavailable: {reason}")]
    Transient {
        /// When the other side wants to be asked again.
        retry_after: Option<Duration>,
        /// For the log.
        reason: String,
    },
    /// The other side does not have it.
    #[error("the other side does not have it")]
    NotFound,
    /// This will not work, however often it is tried.
    #[error("the other side refused ({code}): {reason}")]
    Rejected {
        /// A stable word, stored with the row that was worked on.
        code: String,
        /// For the log.
        reason: String,
    },
    /// A key, a permission, a quota or a name is wrong: somebody of ours must act.
    #[error("misconfigured or out of quota ({code}): {reason}")]
    Misconfigured {
        /// A stable word, stored with the row that was worked on.
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
    /// The bytes that were asked for.
    pub bytes: ByteStream,
}

/// Where files are kept (S3).
#[async_trait]
pub trait ObjectStore: Send + Sync {
    /// Stores bytes of unknown length under a key, in bounded memory; what was stored in part is
    /// removed when `content` or the store fails. An error of `content` comes back as
    /// [`PortError::Rejected`] with the code `content`.
    async fn put(
        &self,
        key: &ObjectKey,
        media_type: &str,
        content: ByteStream,
    ) -> Result<(), PortError>;
    /// Reads an object, whole or the bytes of a range, which must lie within it.
    async fn get(
        &self,
        key: &ObjectKey,
        range: Option<ByteRange>,
    ) -> Result<ObjectContent, PortError>;
    /// Removes an object; one that is not there is removed already.
    async fn delete(&self, key: &ObjectKey) -> Result<(), PortError>;
    /// Makes the bucket, private, where it is missing. True when it was made.
    async fn ensure_bucket(&self) -> Result<bool, PortError>;
    /// Whether the bucket answers.
    async fn check(&self) -> Result<(), PortError>;
}

/// A document on its way into the provider's library.
pub struct ProviderUpload {
    /// The name that it gets there, from which it can be found again.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Bytes.
    pub size: u64,
    /// The bytes.
    pub content: ByteStream,
}

/// A document in the provider's library.
#[derive(Clone, PartialEq, Eq)]
pub struct ProviderFile {
    /// The provider's id.
    pub id: String,
    /// The name that we gave it.
    pub name: String,
}

redacted_debug!(ProviderFile { id });

/// What the provider says of a document's way into a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexingStatus {
    /// Not done yet.
    InProgress,
    /// Can be searched.
    Completed,
    /// Will never be.
    Failed {
        /// The provider's word, such as `unsupported_file`.
        code: String,
    },
}

/// Whose a document is: kept with it at the provider, and what each search is filtered by.
#[derive(Clone, Copy, Debug)]
pub struct FileAttributes {
    /// The owner.
    pub owner: UserId,
    /// Our file.
    pub file: FileId,
}

/// The provider's library: files, and one vector store per person.
#[async_trait]
pub trait VectorStore: Send + Sync {
    /// Uploads a document and gives the provider's id. Not idempotent: look by name first when an
    /// earlier try may have got through.
    async fn upload_file(&self, upload: ProviderUpload) -> Result<String, PortError>;
    /// The documents of exactly this name that were made at `since` or later, oldest first.
    async fn find_files(
        &self,
        name: &str,
        since: OffsetDateTime,
    ) -> Result<Vec<ProviderFile>, PortError>;
    /// Deletes a document, which takes it out of every store; one that is not there is deleted.
    async fn delete_file(&self, id: &str) -> Result<(), PortError>;
    /// Makes a store and gives its id.
    async fn create_store(&self, name: &str) -> Result<String, PortError>;
    /// Deletes a store; one that is not there is deleted.
    async fn delete_store(&self, store: &str) -> Result<(), PortError>;
    /// Puts a document into a store; one that is in it already stays.
    /// [`PortError::NotFound`] when the store or the document is gone.
    async fn attach_file(
        &self,
        store: &str,
        file: &str,
        attributes: FileAttributes,
    ) -> Result<(), PortError>;
    /// How far a document in a store is. [`PortError::NotFound`] when it is not in it.
    async fn indexing_status(&self, store: &str, file: &str) -> Result<IndexingStatus, PortError>;
    /// Takes a document out of a store; one that is not in it is out.
    async fn detach_file(&self, store: &str, file: &str) -> Result<(), PortError>;
}

/// One event of a reply as the provider tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct AssistantEvent {
    /// The provider's number, for [`Assistant::resume`].
    pub cursor: i64,
    /// What happened.
    pub kind: AssistantEventKind,
}

/// What happened upstream.
#[derive(Clone, PartialEq)]
pub enum AssistantEventKind {
    /// The provider took the request; its id is good for resuming, cancelling and going on.
    Started {
        /// The provider's id.
        provider_id: String,
    },
    /// A tool began.
    ToolStarted(ToolKind),
    /// A tool ended.
    ToolFinished(ToolKind),
    /// File search found this passage.
    Retrieved {
        /// The provider's id of the document.
        provider_file_id: String,
        /// The passage.
        text: String,
    },
    /// More text.
    Delta(String),
    /// The text leans on a document.
    Cited {
        /// The provider's id of the document.
        provider_file_id: String,
        /// What the provider calls it.
        file_name: String,
        /// Where in the text, in characters.
        position: i32,
    },
    /// The provider's own end; nothing follows. A stream that stops without one was cut.
    Ended {
        /// How.
        outcome: ReplyOutcome,
        /// What it took, when the provider says.
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

/// A reply while it is made. An `Err` item ends it.
pub type ReplyStream = Pin<Box<dyn Stream<Item = Result<AssistantEvent, AssistantError>> + Send>>;

/// Why a reply could not be had.
#[derive(Debug, Error)]
pub enum AssistantError {
    /// The provider no longer has the state named by [`Prompt::previous_response_id`]: ask again with the
    /// whole history.
    #[error("the provider lost the conversation's state")]
    StateLost,
    /// Anything else.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// A text that was asked for beside the replies.
#[derive(Clone, PartialEq, Eq)]
pub struct GeneratedText {
    /// What the model wrote; never blank.
    pub text: String,
    /// What it took, when the provider says.
    pub usage: Option<Usage>,
}

redacted_debug!(GeneratedText { usage });

/// The model.
#[async_trait]
pub trait Assistant: Send + Sync {
    /// Asks for a reply. One upstream request, never repeated by the implementation.
    async fn start(&self, prompt: Prompt) -> Result<ReplyStream, AssistantError>;
    /// Follows a reply that was begun before, behind the provider's event `after`.
    async fn resume(&self, provider_id: &str, after: i64) -> Result<ReplyStream, AssistantError>;
    /// Asks for a short text in one piece. One upstream request, never repeated by the
    /// implementation; the provider keeps nothing of it.
    async fn generate_text(&self, request: TextRequest) -> Result<GeneratedText, AssistantError>;
    /// What a reply took, by the provider's own final object; `None` when it does not say, or has
    /// none.
    async fn fetch_usage(&self, provider_id: &str) -> Result<Option<Usage>, PortError>;
    /// Stops a reply upstream.
    async fn cancel(&self, provider_id: &str) -> Result<(), PortError>;
    /// Deletes what the provider stored of a reply; what is not there is deleted.
    async fn delete_response(&self, provider_id: &str) -> Result<(), PortError>;
}

/// Something that happened to an account, of which its person is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// The account has another number.
    PhoneChanged,
    /// Somebody logged in with a device that was not known.
    NewDevice,
}

/// Why a message could not be sent, by what the sender can do.
#[derive(Debug, Error)]
pub enum SendError {
    /// Try again in a moment: no answer, or a fault on the other side.
    #[error("the other side is unavailable: {reason}")]
    Transient {
        /// For the log.
        reason: String,
    },
    /// Too many messages at once, to this number or to all.
    #[error("the other side wants a pause: {reason}")]
    Throttled {
        /// How long.
        retry_after: Duration,
        /// For the log.
        reason: String,
    },
    /// This number cannot be reached.
    #[error("the number cannot be reached ({code})")]
    Unreachable {
        /// The provider's word for it.
        code: String,
    },
    /// Nothing can be sent to anybody before somebody of ours has acted.
    #[error("nothing can be sent ({code}): {reason}")]
    Misconfigured {
        /// The provider's word for it.
        code: String,
        /// For the log.
        reason: String,
        /// Whether even the key to the provider is wrong.
        is_critical: bool,
    },
}

/// Sends messages that nobody has asked for in a conversation: codes and notices (WhatsApp).
#[async_trait]
pub trait Messenger: Send + Sync {
    /// Sends a code in the person's language and gives the provider's message id.
    async fn send_code(
        &self,
        to: &PhoneNumber,
        code: &OtpCode,
        locale: Locale,
    ) -> Result<String, SendError>;
    /// Sends a notice in the person's language and gives the provider's message id.
    async fn send_notice(
        &self,
        to: &PhoneNumber,
        notice: NoticeKind,
        locale: Locale,
    ) -> Result<String, SendError>;
}
