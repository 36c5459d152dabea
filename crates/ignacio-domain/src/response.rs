//! A response: one run that writes a reply, from the request to its outcome.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::ids::{ConversationId, MessageId, ResponseId};
use crate::usage::Usage;

/// A response as its owner sees it.
#[derive(Clone, Debug)]
pub struct Response {
    /// The identifier.
    pub id: ResponseId,
    /// The conversation that it belongs to.
    pub conversation: ConversationId,
    /// The message that it writes.
    pub message: MessageId,
    /// The state.
    pub state: ResponseState,
    /// Why it failed, if it did.
    pub failure: Option<ReplyFailure>,
    /// The model.
    pub model: Option<String>,
    /// The version of the instructions.
    pub instructions_version: Option<String>,
    /// The tools that the model may use.
    pub tools: Vec<String>,
    /// The usage, once known.
    pub usage: Option<Usage>,
    /// When it was requested.
    pub created_at: OffsetDateTime,
    /// When a worker started it.
    pub started_at: Option<OffsetDateTime>,
    /// When its first text arrived.
    pub first_text_at: Option<OffsetDateTime>,
    /// When it ended.
    pub finished_at: Option<OffsetDateTime>,
}

/// The state of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseState {
    /// Waits for a worker.
    Queued,
    /// A worker is processing it.
    Running,
    /// Complete, as the provider said.
    Completed,
    /// Ended early for a reason that the provider gave.
    Incomplete,
    /// Cancelled by the user.
    Cancelled,
    /// Failed, possibly after some text.
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

    /// Parses the stored word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == text)
    }

    /// Whether it has ended.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

/// Why a reply failed, as the user sees it; the details are in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplyFailure {
    /// The provider was unreachable or overloaded, even after retries.
    ProviderUnavailable,
    /// The provider rejected the request.
    ProviderRejected,
    /// The provider's stream was interrupted; the text so far is kept.
    Interrupted,
    /// The reply took too long.
    TimedOut,
    /// An error of the service itself.
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

    /// Parses the stored word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == text)
    }
}

/// How a reply ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplyOutcome {
    /// The provider reported it as complete.
    Completed,
    /// The provider ended it early and said why.
    Incomplete {
        /// The provider's reason, such as `max_output_tokens`.
        reason: String,
    },
    /// The user cancelled it.
    Cancelled,
    /// It failed.
    Failed(ReplyFailure),
}

impl ReplyOutcome {
    /// The resulting state of the response.
    pub const fn state(&self) -> ResponseState {
        match self {
            Self::Completed => ResponseState::Completed,
            Self::Incomplete { .. } => ResponseState::Incomplete,
            Self::Cancelled => ResponseState::Cancelled,
            Self::Failed(_) => ResponseState::Failed,
        }
    }
}
