//! One transaction of a worker for the person whose reply it holds.

use std::collections::HashMap;

use ignacio_domain::ids::FileId;
use ignacio_domain::message::Message;
use ignacio_domain::person::Person;
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, FromQueryResult, raw_sql};
use uuid::Uuid;

use crate::error::StoreError;
use crate::repos::reply_jobs::ReplyJob;
use crate::rows::{MessageRow, PersonRow};

/// A transaction that acts for one person, as long as this worker holds the lease on one of their
/// replies. Dropping it rolls back. Never hold one over a call to the outside.
pub struct ReplyScope {
    txn: DatabaseTransaction,
    job: ReplyJob,
}

#[derive(FromQueryResult)]
struct FileRow {
    id: Uuid,
    file_name: String,
    openai_file_id: String,
}

impl ReplyScope {
    pub(crate) const fn new(txn: DatabaseTransaction, job: ReplyJob) -> Self {
        Self { txn, job }
    }

    /// Whose reply it is.
    pub async fn person(&self) -> Result<Person, StoreError> {
        let read = raw_sql!(
            Postgres,
            "select id, phone_number, name, is_admin, locale, web_search, created_at, updated_at
               from users"
        );
        let row = PersonRow::find_by_statement(read).one(&self.txn).await?;
        row.ok_or(StoreError::NotFound)?.try_into()
    }

    /// What was said before the reply, oldest first, at most `limit` messages; replies that never
    /// got any text are left out.
    pub async fn history(&self, limit: u32) -> Result<Vec<Message>, StoreError> {
        let (user, conversation) = (self.job.owner.into_uuid(), self.job.conversation.into_uuid());
        let (reply, limit) = (self.job.message.into_uuid(), i64::from(limit));
        let read = raw_sql!(
            Postgres,
            "select * from app.whole_messages m
              where m.user_id = {user} and m.conversation_id = {conversation}
                and m.content <> ''
                and (m.created_at, m.id) < (select p.created_at, p.id from messages p
                                             where p.user_id = {user} and p.id = {reply})
              order by m.created_at desc, m.id desc limit {limit}"
        );
        let rows = MessageRow::find_by_statement(read).all(&self.txn).await?;
        rows.into_iter().rev().map(Message::try_from).collect()
    }

    /// The provider's id of the newest completed reply of the conversation, when nothing else was
    /// answered since: from there the provider can go on by itself.
    pub async fn previous_provider_id(&self) -> Result<Option<String>, StoreError> {
        let (user, conversation) = (self.job.owner.into_uuid(), self.job.conversation.into_uuid());
        let id = self.job.id.into_uuid();
        let read = raw_sql!(
            Postgres,
            "select case when state = 'completed' then provider_response_id end as it
               from responses
              where user_id = {user} and conversation_id = {conversation} and id <> {id}
              order by created_at desc, id desc limit 1"
        );
        match self.txn.query_one_raw(read).await? {
            Some(row) => Ok(row.try_get("", "it")?),
            None => Ok(None),
        }
    }

    /// The person's vector store, when at least one live file of theirs can be searched.
    pub async fn vector_store(&self) -> Result<Option<String>, StoreError> {
        let user = self.job.owner.into_uuid();
        let read = raw_sql!(
            Postgres,
            "select v.openai_vector_store_id as it from user_vector_stores v
              where v.user_id = {user}
                and exists (select 1 from user_files f
                             where f.user_id = {user} and f.openai_sync_status = 'synced'
                               and f.deleted_at is null)"
        );
        match self.txn.query_one_raw(read).await? {
            Some(row) => Ok(row.try_get("", "it")?),
            None => Ok(None),
        }
    }

    /// Which of the person's live files these ids of the provider belong to, and their names.
    pub async fn files_by_provider_id(
        &self,
        ids: &[String],
    ) -> Result<HashMap<String, (FileId, String)>, StoreError> {
        let (user, ids) = (self.job.owner.into_uuid(), ids.to_vec());
        let read = raw_sql!(
            Postgres,
            "select id, file_name, openai_file_id from user_files
              where user_id = {user} and deleted_at is null and openai_file_id = any({ids})"
        );
        let rows = FileRow::find_by_statement(read).all(&self.txn).await?;
        Ok(rows
            .into_iter()
            .map(|row| (row.openai_file_id, (FileId::from_uuid(row.id), row.file_name)))
            .collect())
    }

    /// Ends the transaction.
    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.txn.commit().await?)
    }
}
