//! From rows to domain values. A malformed row is an error with a name, never a panic.

use ignacio_domain::citation::Citation;
use ignacio_domain::conversation::Conversation;
use ignacio_domain::feedback::{Feedback, FeedbackReason, Rating};
use ignacio_domain::file::{StoredFile, SyncReport};
use ignacio_domain::ids::{ConversationId, FileId, MessageId, ResponseId, UserId};
use ignacio_domain::locale::Locale;
use ignacio_domain::message::{Attachment, Author, Message, MessageStatus};
use ignacio_domain::phone::PhoneNumber;
use ignacio_domain::response::{ReplyFailure, Response, ResponseState};
use ignacio_domain::sync::SyncStatus;
use ignacio_domain::usage::Usage;
use ignacio_domain::user::{Role, User};
use sea_orm::FromQueryResult;
use serde::Deserialize;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::entities::{conversations, responses, user_files};
use crate::error::StoreError;

/// The columns of a user that every role may read.
#[derive(FromQueryResult)]
pub(crate) struct UserRow {
    id: Uuid,
    phone_number: String,
    name: String,
    is_admin: bool,
    locale: String,
    web_search: bool,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl TryFrom<UserRow> for User {
    type Error = StoreError;

    fn try_from(row: UserRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: UserId::from_uuid(row.id),
            phone: phone(&row.phone_number, "users")?,
            name: row.name,
            role: role(row.is_admin),
            locale: locale(&row.locale)?,
            web_search: row.web_search,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

pub(crate) fn phone(text: &str, table: &'static str) -> Result<PhoneNumber, StoreError> {
    PhoneNumber::parse(text).ok().ok_or(StoreError::corrupt(table, "phone_number"))
}

pub(crate) fn locale(text: &str) -> Result<Locale, StoreError> {
    text.parse().ok().ok_or(StoreError::corrupt("users", "locale"))
}

pub(crate) const fn role(is_admin: bool) -> Role {
    if is_admin { Role::Admin } else { Role::Participant }
}

impl From<conversations::Model> for Conversation {
    fn from(row: conversations::Model) -> Self {
        Self {
            id: ConversationId::from_uuid(row.id),
            title: row.title,
            message_count: row.message_count,
            last_message_at: row.last_message_at,
            archived: row.archived,
            pinned: row.pinned,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// A message with its attachments and citations: a row of the view `app.message_details`.
#[derive(FromQueryResult)]
pub(crate) struct MessageRow {
    id: Uuid,
    pub(crate) user_id: Uuid,
    conversation_id: Uuid,
    content: String,
    is_from_user: bool,
    status: String,
    created_at: OffsetDateTime,
    response_id: Option<Uuid>,
    attachments: Option<serde_json::Value>,
    citations: Option<serde_json::Value>,
    version: i32,
    replaces: Option<Uuid>,
    replaced_at: Option<OffsetDateTime>,
    feedback: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct AttachmentJson {
    id: Uuid,
    name: String,
    media_type: String,
}

#[derive(Deserialize)]
struct CitationJson {
    file_id: Option<Uuid>,
    file_name: String,
    quote: Option<String>,
    position: i32,
    verified: Option<bool>,
}

#[derive(Deserialize)]
struct FeedbackJson {
    rating: String,
    reason: Option<String>,
}

impl TryFrom<MessageRow> for Message {
    type Error = StoreError;

    fn try_from(row: MessageRow) -> Result<Self, StoreError> {
        let attachments: Vec<AttachmentJson> = list(row.attachments, "message_files")?;
        let citations: Vec<CitationJson> = list(row.citations, "citations")?;
        Ok(Self {
            id: MessageId::from_uuid(row.id),
            conversation: ConversationId::from_uuid(row.conversation_id),
            author: if row.is_from_user { Author::User } else { Author::Ignacio },
            content: row.content,
            status: MessageStatus::parse(&row.status)
                .ok_or(StoreError::corrupt("messages", "status"))?,
            response: row.response_id.map(ResponseId::from_uuid),
            attachments: attachments
                .into_iter()
                .map(|it| Attachment {
                    id: FileId::from_uuid(it.id),
                    name: it.name,
                    media_type: it.media_type,
                })
                .collect(),
            citations: citations
                .into_iter()
                .map(|it| Citation {
                    file: it.file_id.map(FileId::from_uuid),
                    file_name: it.file_name,
                    quote: it.quote,
                    position: it.position,
                    verified: it.verified,
                })
                .collect(),
            created_at: row.created_at,
            version: row.version,
            replaces: row.replaces.map(MessageId::from_uuid),
            replaced_at: row.replaced_at,
            feedback: row.feedback.map(feedback).transpose()?,
        })
    }
}

fn feedback(value: serde_json::Value) -> Result<Feedback, StoreError> {
    let corrupt = || StoreError::corrupt("message_feedback", "*");
    let row: FeedbackJson = serde_json::from_value(value).ok().ok_or_else(corrupt)?;
    let reason = row.reason.as_deref().map(FeedbackReason::parse).transpose();
    Ok(Feedback {
        rating: Rating::parse(&row.rating).ok_or_else(corrupt)?,
        reason: reason.ok().ok_or_else(corrupt)?,
    })
}

fn list<T: for<'de> Deserialize<'de>>(
    value: Option<serde_json::Value>,
    table: &'static str,
) -> Result<Vec<T>, StoreError> {
    value.map_or_else(
        || Ok(Vec::new()),
        |value| serde_json::from_value(value).ok().ok_or(StoreError::corrupt(table, "*")),
    )
}

impl TryFrom<responses::Model> for Response {
    type Error = StoreError;

    fn try_from(row: responses::Model) -> Result<Self, StoreError> {
        let usage = row.output_tokens.map(|output| Usage {
            input: row.input_tokens.unwrap_or_default(),
            cached: row.cached_tokens.unwrap_or_default(),
            output,
            reasoning: row.reasoning_tokens.unwrap_or_default(),
        });
        Ok(Self {
            id: ResponseId::from_uuid(row.id),
            conversation: ConversationId::from_uuid(row.conversation_id),
            message: MessageId::from_uuid(row.message_id),
            state: ResponseState::parse(&row.state)
                .ok_or(StoreError::corrupt("responses", "state"))?,
            failure: row.failure.as_deref().and_then(ReplyFailure::parse),
            model: row.model,
            instructions_version: row.instructions_version,
            tools: row.tools,
            usage,
            created_at: row.created_at,
            started_at: row.started_at,
            first_text_at: row.first_text_at,
            finished_at: row.finished_at,
        })
    }
}

/// What is shown of a file, without where it is stored.
#[derive(FromQueryResult)]
pub(crate) struct FileRow {
    id: Uuid,
    user_id: Uuid,
    file_name: String,
    file_type: String,
    file_size: i64,
    content_sha256: Option<Vec<u8>>,
    openai_sync_status: Option<String>,
    sync_attempts: i32,
    sync_error: Option<String>,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl From<user_files::Model> for FileRow {
    fn from(row: user_files::Model) -> Self {
        Self {
            id: row.id,
            user_id: row.user_id,
            file_name: row.file_name,
            file_type: row.file_type,
            file_size: row.file_size,
            content_sha256: row.content_sha256,
            openai_sync_status: row.openai_sync_status,
            sync_attempts: row.sync_attempts,
            sync_error: row.sync_error,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl TryFrom<user_files::Model> for StoredFile {
    type Error = StoreError;

    fn try_from(row: user_files::Model) -> Result<Self, StoreError> {
        FileRow::from(row).try_into()
    }
}

impl TryFrom<FileRow> for StoredFile {
    type Error = StoreError;

    fn try_from(row: FileRow) -> Result<Self, StoreError> {
        let status = row
            .openai_sync_status
            .map(|word| {
                SyncStatus::parse(&word)
                    .ok_or(StoreError::corrupt("user_files", "openai_sync_status"))
            })
            .transpose()?;
        Ok(Self {
            id: FileId::from_uuid(row.id),
            owner: UserId::from_uuid(row.user_id),
            name: row.file_name,
            media_type: row.file_type,
            size: row.file_size,
            sha256: row.content_sha256.as_deref().map(hex::encode),
            sync: SyncReport { status, attempts: row.sync_attempts, error: row.sync_error },
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}
