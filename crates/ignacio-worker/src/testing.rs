//! Values for unit tests.

use ignacio_domain::ids::{ConversationId, MessageId};
use ignacio_domain::message::{Author, Message, MessageStatus};
use time::OffsetDateTime;

/// A complete message.
pub(crate) fn message(author: Author, content: &str) -> Message {
    Message {
        id: MessageId::new(),
        conversation: ConversationId::new(),
        author,
        content: content.to_owned(),
        status: MessageStatus::Complete,
        response: None,
        attachments: Vec::new(),
        citations: Vec::new(),
        created_at: OffsetDateTime::UNIX_EPOCH,
        version: 1,
        replaces: None,
        replaced_at: None,
        feedback: None,
    }
}
