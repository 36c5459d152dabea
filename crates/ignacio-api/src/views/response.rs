//! Responses, as their owner sees them.

use ignacio_domain::response::{Response, ResponseState};
use ignacio_domain::usage::Usage;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::problem::ProblemCode;

/// The state of a response.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ResponseState)]
pub(crate) enum ResponseStateView {
    Queued,
    Running,
    Completed,
    Incomplete,
    Cancelled,
    Failed,
}

impl From<ResponseState> for ResponseStateView {
    fn from(state: ResponseState) -> Self {
        match state {
            ResponseState::Queued => Self::Queued,
            ResponseState::Running => Self::Running,
            ResponseState::Completed => Self::Completed,
            ResponseState::Incomplete => Self::Incomplete,
            ResponseState::Cancelled => Self::Cancelled,
            ResponseState::Failed => Self::Failed,
        }
    }
}

/// The tokens that a reply used.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = Usage)]
pub(crate) struct UsageView {
    /// Tokens of the prompt, cached ones included.
    input: i64,
    /// Tokens of the prompt that the provider had cached.
    cached: i64,
    /// Tokens of the reply, reasoning included.
    output: i64,
    /// Tokens of reasoning.
    reasoning: i64,
}

impl From<Usage> for UsageView {
    fn from(usage: Usage) -> Self {
        Self {
            input: usage.input,
            cached: usage.cached,
            output: usage.output,
            reasoning: usage.reasoning,
        }
    }
}

/// A response: one generation of a reply.
#[derive(Serialize, ToSchema)]
#[schema(as = Response)]
pub(crate) struct ResponseView {
    id: Uuid,
    conversation_id: Uuid,
    /// The message that it writes.
    message_id: Uuid,
    state: ResponseStateView,
    /// Why it failed, if it did.
    #[schema(required)]
    error: Option<ProblemCode>,
    /// The model that was used.
    #[schema(required)]
    model: Option<String>,
    /// The version of Ignacio's instructions that it follows.
    #[schema(required)]
    instructions_version: Option<String>,
    /// The tools that the model may use: `file_search`, `web_search`; more may be added.
    tools: Vec<String>,
    /// The usage, once known.
    #[schema(required)]
    usage: Option<UsageView>,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// When a worker started to write it.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    started_at: Option<OffsetDateTime>,
    /// When its first text arrived.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    first_text_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    finished_at: Option<OffsetDateTime>,
}

impl From<Response> for ResponseView {
    fn from(response: Response) -> Self {
        Self {
            id: response.id.into_uuid(),
            conversation_id: response.conversation.into_uuid(),
            message_id: response.message.into_uuid(),
            state: response.state.into(),
            error: response.failure.map(Into::into),
            model: response.model,
            instructions_version: response.instructions_version,
            tools: response.tools,
            usage: response.usage.map(Into::into),
            created_at: response.created_at,
            started_at: response.started_at,
            first_text_at: response.first_text_at,
            finished_at: response.finished_at,
        }
    }
}
