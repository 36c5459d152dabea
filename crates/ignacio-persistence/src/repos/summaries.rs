//! The summary of the oldest part of a conversation, and where that part ends.

use ignacio_domain::ids::MessageId;
use sea_orm::{DatabaseTransaction, FromQueryResult, raw_sql};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::StoreError;

/// The summary of the oldest part of a conversation.
#[derive(Clone)]
pub struct StoredSummary {
    /// The text, in the model's words.
    pub content: String,
    /// The last message that it covers.
    pub until: MessageId,
    /// When that was written.
    pub until_at: OffsetDateTime,
    /// How many messages it covers.
    pub n_messages: i64,
}

impl std::fmt::Debug for StoredSummary {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("StoredSummary")
            .field("until", &self.until)
            .field("n_messages", &self.n_messages)
            .finish_non_exhaustive()
    }
}

#[derive(FromQueryResult)]
pub(super) struct SummaryRow {
    pub(super) content: String,
    pub(super) until_id: Uuid,
    until_at: OffsetDateTime,
    pub(super) n_messages: i64,
    pub(super) updated_at: OffsetDateTime,
}

impl From<SummaryRow> for StoredSummary {
    fn from(row: SummaryRow) -> Self {
        Self {
            content: row.content,
            until: MessageId::from_uuid(row.until_id),
            until_at: row.until_at,
            n_messages: row.n_messages,
        }
    }
}

/// The summary of a conversation. One that ends with a replaced message is ignored.
pub(super) async fn find_row(
    txn: &DatabaseTransaction,
    user: Uuid,
    conversation: Uuid,
) -> Result<Option<SummaryRow>, StoreError> {
    let read = raw_sql!(
        Postgres,
        "select s.content, s.until_id, s.until_at, s.n_messages, s.updated_at
           from conversation_summaries s
           join messages m on m.user_id = s.user_id and m.id = s.until_id
          where s.user_id = {user} and s.conversation_id = {conversation}
            and m.conversation_id = {conversation} and m.replaced_at is null"
    );
    Ok(SummaryRow::find_by_statement(read).one(txn).await?)
}

/// The same as a domain value.
pub(crate) async fn find(
    txn: &DatabaseTransaction,
    user: Uuid,
    conversation: Uuid,
) -> Result<Option<StoredSummary>, StoreError> {
    Ok(find_row(txn, user, conversation).await?.map(Into::into))
}

/// The position that a summary ends at; without one, a position before all messages.
pub(crate) fn end(summary: Option<&StoredSummary>) -> (OffsetDateTime, Uuid) {
    summary
        .map_or((OffsetDateTime::UNIX_EPOCH, Uuid::nil()), |it| (it.until_at, it.until.into_uuid()))
}
