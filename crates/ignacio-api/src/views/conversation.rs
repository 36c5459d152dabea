//! Conversations, as their owner sees them.

use ignacio_domain::conversation::{Conversation, ConversationSummary};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::message::PostedView;

/// A conversation with Ignacio.
#[derive(Serialize, ToSchema)]
#[schema(as = Conversation)]
pub(crate) struct ConversationView {
    id: Uuid,
    /// The title, once the user has set one or one has been generated.
    #[schema(required)]
    title: Option<String>,
    /// The number of messages.
    message_count: i64,
    /// When the newest message was written.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    last_message_at: Option<OffsetDateTime>,
    /// Whether it is hidden from the default list.
    archived: bool,
    /// Whether its owner has pinned it.
    pinned: bool,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
}

impl From<Conversation> for ConversationView {
    fn from(conversation: Conversation) -> Self {
        Self {
            id: conversation.id.into_uuid(),
            title: conversation.title,
            message_count: conversation.message_count,
            last_message_at: conversation.last_message_at,
            archived: conversation.archived,
            pinned: conversation.pinned,
            created_at: conversation.created_at,
            updated_at: conversation.updated_at,
        }
    }
}

/// A new conversation, with or without its first message.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = StartedConversation)]
pub(crate) enum StartedView {
    WithMessage(Box<StartedWithMessageView>),
    Alone(ConversationView),
}

/// A new conversation with its first message.
#[derive(Serialize, ToSchema)]
#[schema(as = ConversationWithMessage)]
pub(crate) struct StartedWithMessageView {
    pub(crate) conversation: ConversationView,
    #[serde(flatten)]
    pub(crate) posted: PostedView,
}

/// The model's summary of the oldest part of a conversation.
#[derive(Serialize, ToSchema)]
#[schema(as = Summary)]
pub(crate) struct SummaryView {
    content: String,
    /// The number of messages that it covers.
    message_count: i64,
    /// The last message that it covers.
    until_message_id: Uuid,
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
}

impl From<ConversationSummary> for SummaryView {
    fn from(summary: ConversationSummary) -> Self {
        Self {
            content: summary.content,
            message_count: summary.n_messages,
            until_message_id: summary.last_message.into_uuid(),
            updated_at: summary.updated_at,
        }
    }
}
