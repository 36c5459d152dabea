//! A response: one run that writes a reply, from the request to its outcome.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::ids::{ConversationId, MessageId, ResponseId};
use crate::usage::Usage;

/// A response as its owner sees it.
#[derive(Clone, Debug)]
pub struct Response {
    /// Which one it is.
    pub id: ResponseId,
    /// The conversation that it belongs to.
    pub conversation: ConversationId,
    /// The message that it writes.
    pub message: MessageId,
    /// How far it is.
    pub state: ResponseState,
    /// Why it failed, when it did.
    pub failure: Option<ReplyFailure>,
    /// The model that was asked.
    pub model: Option<String>,
    /// The version of the rules that it is made by.
    pub instructions_version: Option<String>,
    /// The tools that the model may use for it.
    pub tools: Vec<String>,
    /// What it took, once known.
    pub usage: Option<Usage>,
    /// When it was asked for.
    pub created_at: OffsetDateTime,
    /// When a worker began.
    pub started_at: Option<OffsetDateTime>,
    /// When the first of its text came.
    pub first_text_at: Option<OffsetDateTime>,
    /// When it ended.
    pub finished_at: Option<OffsetDateTime>,
}

/// How far a response is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseState {
    /// Waits for a worker.
    Queued,
    /// A worker is at it.
    Running,
    /// Whole: the provider said so.
    Completed,
    /// Ended early for a reason that the provider gave.
    Incomplete,
    /// Stopped by the person.
    Cancelled,
    /// Could not be made, or not to its end.
    Failed,
}

impl ResponseState {
    const ALL: [Self; 6] = [
        Self::Queued,
        Self::Running,
        Self::Completed,
        Self::Incomplete,
        Self::Cancelled,
        Self::Failed,
    ];

    /// The word for it in the database and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Incomplete => "incomplete",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }

    /// Reads the stored word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == text)
    }

    /// Whether nothing more will happen to it.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

/// Why a reply failed, as told to the person; the details are in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplyFailure {
    /// The provider could not be reached or was overloaded, also after the retries.
    ProviderUnavailable,
    /// The provider refused the request.
    ProviderRejected,
    /// The provider's stream ended before its end; the text so far is kept.
    Interrupted,
    /// The reply took longer than it may.
    TimedOut,
    /// Something in our own house.
    Internal,
}

impl ReplyFailure {
    const ALL: [Self; 5] = [
        Self::ProviderUnavailable,
        Self::ProviderRejected,
        Self::Interrupted,
        Self::TimedOut,
        Self::Internal,
    ];

    /// The word for it in the database and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ProviderUnavailable => "provider_unavailable",
            Self::ProviderRejected => "provider_rejected",
            Self::Interrupted => "interrupted",
            Self::TimedOut => "timed_out",
            Self::Internal => "internal",
        }
    }

    /// Reads the stored word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == text)
    }
}

/// How a reply ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplyOutcome {
    /// The provider said that it is whole.
    Completed,
    /// The provider ended it early and said why.
    Incomplete {
        /// The provider's word, such as `max_output_tokens`.
        reason: String,
    },
    /// The person stopped it.
    Cancelled,
    /// It failed.
    Failed(ReplyFailure),
}

impl ReplyOutcome {
    /// The state that a response is left in.
    pub const fn state(&self) -> ResponseState {
        match self {
            Self::Completed => ResponseState::Completed,
            Self::Incomplete { .. } => ResponseState::Incomplete,
            Self::Cancelled => ResponseState::Cancelled,
            Self::Failed(_) => ResponseState::Failed,
        }
    }
}
