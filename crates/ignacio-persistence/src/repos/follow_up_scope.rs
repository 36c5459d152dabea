//! A worker's transaction for the user whose follow-up job it holds.

use ignacio_domain::conversation::ConversationTitle;
use ignacio_domain::file::ObjectKey;
use ignacio_domain::ids::{CitationId, FileId, MessageId};
use ignacio_domain::message::Message;
use ignacio_domain::usage::Usage;
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, FromQueryResult, raw_sql};
use uuid::Uuid;

use crate::error::StoreError;
use crate::repos::follow_up_jobs::{FollowUpJob, FollowUpKind};
use crate::repos::summaries::{self, StoredSummary};
use crate::rows::MessageRow;

/// A transaction with the identity of one user, as long as this worker holds the lease on one of
/// their follow-up jobs. Dropping it rolls back. Never hold one across an outside call.
pub struct FollowUpScope {
    txn: DatabaseTransaction,
    job: FollowUpJob,
}

/// A citation of a reply, and the file that it names.
pub struct PendingCitation {
    /// The citation.
    pub id: CitationId,
    /// The quoted words.
    pub quote: String,
    /// The file.
    pub file: FileId,
    /// Where its bytes are stored.
    pub key: ObjectKey,
    /// Its media type.
    pub media_type: String,
    /// Its size in bytes.
    pub size: i64,
}

#[derive(FromQueryResult)]
struct PendingRow {
    id: Uuid,
    quote: String,
    file_id: Uuid,
    file_path: String,
    file_type: String,
    file_size: i64,
}

impl From<PendingRow> for PendingCitation {
    fn from(row: PendingRow) -> Self {
        Self {
            id: CitationId::from_uuid(row.id),
            quote: row.quote,
            file: FileId::from_uuid(row.file_id),
            key: ObjectKey::from_stored(row.file_path),
            media_type: row.file_type,
            size: row.file_size,
        }
    }
}

impl FollowUpScope {
    pub(crate) const fn new(txn: DatabaseTransaction, job: FollowUpJob) -> Self {
        Self { txn, job }
    }

    /// Records the usage of the follow-up job; `cost_micro_usd` is in millionths of a US dollar.
    pub async fn record_usage(
        &self,
        model: &str,
        usage: Usage,
        cost_micro_usd: i64,
    ) -> Result<(), StoreError> {
        let kind = match self.job.kind {
            FollowUpKind::Title => "title",
            // Verifying citations needs no provider.
            FollowUpKind::Summary | FollowUpKind::VerifyCitations(_) => "summary",
        };
        let user = self.job.owner.into_uuid();
        let model = model.to_owned();
        let Usage { input, cached, output, reasoning } = usage;
        let write = raw_sql!(
            Postgres,
            "insert into usage_records
                 (user_id, kind, model, state, input_tokens, cached_tokens, output_tokens,
                  reasoning_tokens, cost_micro, settled_at)
             values ({user}, {kind}, {model}, 'settled', {input}, {cached}, {output},
                     {reasoning}, {cost_micro_usd}, now())"
        );
        self.txn.execute_raw(write).await?;
        Ok(())
    }

    /// Whether the conversation still has no title.
    pub async fn is_untitled(&self) -> Result<bool, StoreError> {
        let (user, conversation) = self.owner_and_conversation();
        let read = raw_sql!(
            Postgres,
            "select 1 from conversations
              where user_id = {user} and id = {conversation} and title is null"
        );
        Ok(self.txn.query_one_raw(read).await?.is_some())
    }

    /// Sets the conversation's title unless it has one; true if it now has this one.
    pub async fn set_title(&self, title: &ConversationTitle) -> Result<bool, StoreError> {
        let (user, conversation) = self.owner_and_conversation();
        let title = title.as_str().to_owned();
        let write = raw_sql!(
            Postgres,
            "update conversations set title = {title}
              where user_id = {user} and id = {conversation} and title is null"
        );
        Ok(self.txn.execute_raw(write).await?.rows_affected() > 0)
    }

    /// The first messages of the conversation, without replaced ones, oldest first.
    pub async fn first_messages(&self, limit: u32) -> Result<Vec<Message>, StoreError> {
        self.messages_after(None, limit).await
    }

    /// The messages after a summary, without replaced ones, oldest first.
    pub async fn messages_after(
        &self,
        after: Option<&StoredSummary>,
        limit: u32,
    ) -> Result<Vec<Message>, StoreError> {
        let (user, conversation) = self.owner_and_conversation();
        let (at, id) = summaries::end(after);
        let limit = i64::from(limit);
        let read = raw_sql!(
            Postgres,
            "select * from app.message_details m
              where m.user_id = {user} and m.conversation_id = {conversation}
                and m.content <> '' and m.replaced_at is null
                and (m.created_at, m.id) > ({at}, {id})
              order by m.created_at, m.id limit {limit}"
        );
        let rows = MessageRow::find_by_statement(read).all(&self.txn).await?;
        rows.into_iter().map(Message::try_from).collect()
    }

    /// The summary of the oldest part of the conversation, if there is one.
    pub async fn summary(&self) -> Result<Option<StoredSummary>, StoreError> {
        let (user, conversation) = self.owner_and_conversation();
        summaries::find(&self.txn, user, conversation).await
    }

    /// Replaces the summary, unless the message that it ends with was replaced meanwhile.
    pub async fn set_summary(
        &self,
        summary: &StoredSummary,
        model: &str,
    ) -> Result<bool, StoreError> {
        let (user, conversation) = self.owner_and_conversation();
        let (until_at, until_id) = summaries::end(Some(summary));
        let (content, n_messages) = (summary.content.clone(), summary.n_messages);
        let model = model.to_owned();
        let write = raw_sql!(
            Postgres,
            "insert into conversation_summaries
                 (conversation_id, user_id, content, until_at, until_id, n_messages, model)
             select m.conversation_id, m.user_id, {content}, {until_at}, m.id, {n_messages}, {model}
               from messages m
              where m.user_id = {user} and m.conversation_id = {conversation}
                and m.id = {until_id} and m.replaced_at is null
             on conflict (conversation_id) do update
                set content = excluded.content, until_at = excluded.until_at,
                    until_id = excluded.until_id, n_messages = excluded.n_messages,
                    model = excluded.model"
        );
        Ok(self.txn.execute_raw(write).await?.rows_affected() > 0)
    }

    /// The unverified citations of a reply, of files that still exist.
    pub async fn pending_citations(
        &self,
        message: MessageId,
    ) -> Result<Vec<PendingCitation>, StoreError> {
        let (user, message) = (self.job.owner.into_uuid(), message.into_uuid());
        let read = raw_sql!(
            Postgres,
            "select c.id, c.quote, c.file_id, f.file_path, f.file_type, f.file_size
               from citations c
               join user_files f on f.user_id = c.user_id and f.id = c.file_id
              where c.user_id = {user} and c.message_id = {message}
                and c.quote is not null and c.verified is null and f.deleted_at is null
              order by c.position, c.id"
        );
        let rows = PendingRow::find_by_statement(read).all(&self.txn).await?;
        Ok(rows.into_iter().map(PendingCitation::from).collect())
    }

    /// Records for each citation whether the file contains its words.
    pub async fn set_verified(&self, found: &[(CitationId, bool)]) -> Result<(), StoreError> {
        let user = self.job.owner.into_uuid();
        let ids: Vec<Uuid> = found.iter().map(|(id, _)| id.into_uuid()).collect();
        let verified: Vec<bool> = found.iter().map(|(_, it)| *it).collect();
        let write = raw_sql!(
            Postgres,
            "update citations c set verified = found.it
               from unnest({ids}::uuid[], {verified}::bool[]) as found (id, it)
              where c.user_id = {user} and c.id = found.id"
        );
        self.txn.execute_raw(write).await?;
        Ok(())
    }

    /// Completes the follow-up job: deletes its row and commits.
    pub async fn complete(self) -> Result<(), StoreError> {
        let id = self.job.id.into_uuid();
        self.txn
            .execute_raw(raw_sql!(Postgres, "delete from follow_up_jobs where id = {id}"))
            .await?;
        Ok(self.txn.commit().await?)
    }

    /// Commits the transaction.
    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.txn.commit().await?)
    }

    const fn owner_and_conversation(&self) -> (Uuid, Uuid) {
        (self.job.owner.into_uuid(), self.job.conversation.into_uuid())
    }
}
