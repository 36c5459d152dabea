//! Messages, as their owner reads them.

use ignacio_domain::citation::Citation;
use ignacio_domain::feedback::{Feedback, FeedbackReason, Rating};
use ignacio_domain::message::{Attachment, Author, Message, MessageStatus};
use ignacio_domain::response::Response;
use ignacio_persistence::{PostedMessage, Regenerated};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::response::ResponseView;

/// Who wrote a message.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Author)]
pub(crate) enum AuthorView {
    /// The word that clients know.
    #[serde(rename = "person")]
    User,
    Ignacio,
}

/// The state of a message.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MessageStatus)]
pub(crate) enum MessageStatusView {
    Pending,
    Complete,
    Incomplete,
    Cancelled,
    Failed,
}

impl From<MessageStatus> for MessageStatusView {
    fn from(status: MessageStatus) -> Self {
        match status {
            MessageStatus::Pending => Self::Pending,
            MessageStatus::Complete => Self::Complete,
            MessageStatus::Incomplete => Self::Incomplete,
            MessageStatus::Cancelled => Self::Cancelled,
            MessageStatus::Failed => Self::Failed,
        }
    }
}

/// A file attached to a message.
#[derive(Serialize, ToSchema)]
#[schema(as = Attachment)]
pub(crate) struct AttachmentView {
    id: Uuid,
    name: String,
    media_type: String,
}

impl From<Attachment> for AttachmentView {
    fn from(attachment: Attachment) -> Self {
        Self {
            id: attachment.id.into_uuid(),
            name: attachment.name,
            media_type: attachment.media_type,
        }
    }
}

/// A place in a reply that refers to one of the user's documents.
#[derive(Serialize, ToSchema)]
#[schema(as = Citation)]
pub(crate) struct CitationView {
    /// The document; null once it has been deleted.
    #[schema(required)]
    file_id: Option<Uuid>,
    /// The name of the document.
    name: String,
    /// The quoted words of the document, if the provider returned the passage.
    #[schema(required)]
    quote: Option<String>,
    /// The position of the citation in the reply, in characters from the start.
    position: i32,
    /// Whether the document contains the quote; null if that has not been verified.
    #[schema(required)]
    verified: Option<bool>,
}

impl From<Citation> for CitationView {
    fn from(citation: Citation) -> Self {
        Self {
            file_id: citation.file.map(ignacio_domain::ids::FileId::into_uuid),
            name: citation.file_name,
            quote: citation.quote,
            position: citation.position,
            verified: citation.verified,
        }
    }
}

/// Whether a reply helped.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Rating)]
pub(crate) enum RatingView {
    Up,
    Down,
}

/// Written by hand, because `serde_json` reports a non-string in place of an enum as broken JSON.
impl<'de> Deserialize<'de> for RatingView {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let word = String::deserialize(from)?;
        Rating::parse(&word).map(Into::into).ok_or_else(|| D::Error::custom("no such rating"))
    }
}

impl From<Rating> for RatingView {
    fn from(rating: Rating) -> Self {
        match rating {
            Rating::Up => Self::Up,
            Rating::Down => Self::Down,
        }
    }
}

impl From<RatingView> for Rating {
    fn from(rating: RatingView) -> Self {
        match rating {
            RatingView::Up => Self::Up,
            RatingView::Down => Self::Down,
        }
    }
}

/// The user's feedback on a reply.
#[derive(Serialize, ToSchema)]
#[schema(as = Feedback)]
pub(crate) struct FeedbackView {
    rating: RatingView,
    /// The reason.
    #[schema(required)]
    reason: Option<String>,
}

impl From<Feedback> for FeedbackView {
    fn from(feedback: Feedback) -> Self {
        let reason = feedback.reason.as_ref().map(FeedbackReason::as_str);
        Self { rating: feedback.rating.into(), reason: reason.map(str::to_owned) }
    }
}

/// A message of a conversation.
#[derive(Serialize, ToSchema)]
#[schema(as = Message)]
pub(crate) struct MessageView {
    id: Uuid,
    conversation_id: Uuid,
    author: AuthorView,
    /// The text; the text so far while it is being written.
    content: String,
    status: MessageStatusView,
    /// The newest response of a reply; null for a user's message.
    #[schema(required)]
    response_id: Option<Uuid>,
    attachments: Vec<AttachmentView>,
    citations: Vec<CitationView>,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// The version, from 1.
    version: i32,
    /// The previous version.
    #[schema(required)]
    replaces_id: Option<Uuid>,
    /// When a later version replaced it or a message before it; null if it is current.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    replaced_at: Option<OffsetDateTime>,
    /// The user's feedback.
    #[schema(required)]
    feedback: Option<FeedbackView>,
}

impl From<Message> for MessageView {
    fn from(message: Message) -> Self {
        Self {
            id: message.id.into_uuid(),
            conversation_id: message.conversation.into_uuid(),
            author: match message.author {
                Author::User => AuthorView::User,
                Author::Ignacio => AuthorView::Ignacio,
            },
            content: message.content,
            status: message.status.into(),
            response_id: message.response.map(ignacio_domain::ids::ResponseId::into_uuid),
            attachments: message.attachments.into_iter().map(Into::into).collect(),
            citations: message.citations.into_iter().map(Into::into).collect(),
            created_at: message.created_at,
            version: message.version,
            replaces_id: message.replaces.map(ignacio_domain::ids::MessageId::into_uuid),
            replaced_at: message.replaced_at,
            feedback: message.feedback.map(Into::into),
        }
    }
}

/// A message with the response that writes or wrote it.
#[derive(Serialize, ToSchema)]
#[schema(as = MessageWithResponse)]
pub(crate) struct SingleMessageView {
    #[serde(flatten)]
    message: MessageView,
    /// How the reply was written and what it used; null for a user's message.
    #[schema(required)]
    response: Option<ResponseView>,
}

impl SingleMessageView {
    /// Combines the two.
    pub(crate) fn new(message: Message, response: Option<Response>) -> Self {
        Self { message: message.into(), response: response.map(Into::into) }
    }
}

/// A new message, with the empty reply to it and the response that will write the reply.
#[derive(Serialize, ToSchema)]
#[schema(as = PostedMessage)]
pub(crate) struct PostedView {
    message: MessageView,
    reply: MessageView,
    response: ResponseView,
}

impl From<PostedMessage> for PostedView {
    fn from(posted: PostedMessage) -> Self {
        Self {
            message: posted.message.into(),
            reply: posted.reply.into(),
            response: posted.response.into(),
        }
    }
}

/// A regenerated reply, still empty, and the response that will write it.
#[derive(Serialize, ToSchema)]
#[schema(as = RegeneratedReply)]
pub(crate) struct RegeneratedView {
    reply: MessageView,
    response: ResponseView,
}

impl From<Regenerated> for RegeneratedView {
    fn from(regenerated: Regenerated) -> Self {
        Self { reply: regenerated.reply.into(), response: regenerated.response.into() }
    }
}
