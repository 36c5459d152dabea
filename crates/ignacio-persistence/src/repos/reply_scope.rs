//! A worker's transaction for the user whose reply it holds.

use std::collections::HashMap;

use ignacio_domain::file::ObjectKey;
use ignacio_domain::ids::FileId;
use ignacio_domain::message::Message;
use ignacio_domain::reply::ToolKind;
use ignacio_domain::user::User;
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, DbErr, FromQueryResult, raw_sql};
use uuid::Uuid;

use crate::error::StoreError;
use crate::repos::reply_jobs::ReplyJob;
use crate::repos::summaries::{self, StoredSummary};
use crate::rows::{MessageRow, UserRow};

/// A transaction with the identity of one user, as long as this worker holds the lease on one of
/// their replies. Dropping it rolls back. Never hold one across an outside call.
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

#[derive(FromQueryResult)]
struct ObjectRow {
    id: Uuid,
    file_path: String,
    file_size: i64,
}

impl ReplyScope {
    pub(crate) const fn new(txn: DatabaseTransaction, job: ReplyJob) -> Self {
        Self { txn, job }
    }

    /// The owner of the reply.
    pub async fn user(&self) -> Result<User, StoreError> {
        let read = raw_sql!(
            Postgres,
            "select id, phone_number, name, is_admin, locale, web_search, created_at, updated_at
               from users"
        );
        let row = UserRow::find_by_statement(read).one(&self.txn).await?;
        row.ok_or(StoreError::NotFound)?.try_into()
    }

    /// The newest `limit` messages before the reply, oldest first, without replaced ones and
    /// without replies that never got any text.
    pub async fn history(&self, limit: u32) -> Result<Vec<Message>, StoreError> {
        let (user, conversation) = self.owner_and_conversation();
        let (reply, limit) = (self.job.message.into_uuid(), i64::from(limit));
        let read = raw_sql!(
            Postgres,
            "select * from app.message_details m
              where m.user_id = {user} and m.conversation_id = {conversation}
                and m.content <> '' and m.replaced_at is null
                and (m.created_at, m.id) < (select p.created_at, p.id from messages p
                                             where p.user_id = {user} and p.id = {reply})
              order by m.created_at desc, m.id desc limit {limit}"
        );
        let rows = MessageRow::find_by_statement(read).all(&self.txn).await?;
        rows.into_iter().rev().map(Message::try_from).collect()
    }

    /// The summary of the oldest part of the conversation, if there is one.
    pub async fn summary(&self) -> Result<Option<StoredSummary>, StoreError> {
        let (user, conversation) = self.owner_and_conversation();
        summaries::find(&self.txn, user, conversation).await
    }

    /// The provider's id of the previous current reply, if it was completed: the provider can
    /// continue from there.
    pub async fn previous_provider_id(&self) -> Result<Option<String>, StoreError> {
        let (user, conversation) = self.owner_and_conversation();
        let reply = self.job.message.into_uuid();
        let read = raw_sql!(
            Postgres,
            "select case when r.state = 'completed' then r.provider_response_id end as id
               from messages m
               join responses r on r.message_id = m.id
              where m.user_id = {user} and m.conversation_id = {conversation}
                and not m.is_from_user and m.replaced_at is null
                and (m.created_at, m.id) < (select p.created_at, p.id from messages p
                                             where p.user_id = {user} and p.id = {reply})
              order by m.created_at desc, m.id desc limit 1"
        );
        match self.txn.query_one_raw(read).await? {
            Some(row) => Ok(row.try_get("", "id")?),
            None => Ok(None),
        }
    }

    /// Files attached to the question that are still on their way into the vector store.
    pub async fn pending_files(&self) -> Result<Vec<(FileId, String)>, StoreError> {
        let (user, conversation) = self.owner_and_conversation();
        let reply = self.job.message.into_uuid();
        let read = raw_sql!(
            Postgres,
            "select f.id, f.file_name from message_files mf
               join user_files f on f.user_id = mf.user_id and f.id = mf.file_id
              where mf.user_id = {user} and f.deleted_at is null
                and f.openai_sync_status in ('pending', 'syncing')
                and mf.message_id = (
                    select m.id from messages m
                     where m.user_id = {user} and m.conversation_id = {conversation}
                       and m.is_from_user and m.replaced_at is null
                       and (m.created_at, m.id) < (select p.created_at, p.id from messages p
                                                    where p.user_id = {user} and p.id = {reply})
                     order by m.created_at desc, m.id desc limit 1)
              order by f.id"
        );
        let rows = self.txn.query_all_raw(read).await?;
        let files: Result<Vec<(Uuid, String)>, _> = rows
            .iter()
            .map(|row| Ok::<_, DbErr>((row.try_get("", "id")?, row.try_get("", "file_name")?)))
            .collect();
        Ok(files?.into_iter().map(|(id, name)| (FileId::from_uuid(id), name)).collect())
    }

    /// Where the bytes of these live files of the user are stored, and how many they are.
    pub async fn objects(
        &self,
        files: &[FileId],
    ) -> Result<HashMap<FileId, (ObjectKey, i64)>, StoreError> {
        let user = self.job.owner.into_uuid();
        let files: Vec<Uuid> = files.iter().map(|it| it.into_uuid()).collect();
        let read = raw_sql!(
            Postgres,
            "select id, file_path, file_size from user_files
              where user_id = {user} and deleted_at is null and id = any({files})"
        );
        let rows = ObjectRow::find_by_statement(read).all(&self.txn).await?;
        let object = |row: ObjectRow| {
            (FileId::from_uuid(row.id), (ObjectKey::from_stored(row.file_path), row.file_size))
        };
        Ok(rows.into_iter().map(object).collect())
    }

    /// Records which tools the model may use for the reply.
    pub async fn record_tools(&self, tools: &[ToolKind]) -> Result<(), StoreError> {
        let id = self.job.id.into_uuid();
        let tools: Vec<String> = tools.iter().map(|it| it.as_str().to_owned()).collect();
        let write = raw_sql!(Postgres, "update responses set tools = {tools} where id = {id}");
        self.txn.execute_raw(write).await?;
        Ok(())
    }

    /// The user's vector store, if at least one live file in it can be searched.
    pub async fn vector_store(&self) -> Result<Option<String>, StoreError> {
        let user = self.job.owner.into_uuid();
        let read = raw_sql!(
            Postgres,
            "select v.openai_vector_store_id as id from user_vector_stores v
              where v.user_id = {user}
                and exists (select 1 from user_files f
                             where f.user_id = {user} and f.openai_sync_status = 'synced'
                               and f.deleted_at is null)"
        );
        match self.txn.query_one_raw(read).await? {
            Some(row) => Ok(row.try_get("", "id")?),
            None => Ok(None),
        }
    }

    /// The user's live files with these provider ids, and their names.
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

    const fn owner_and_conversation(&self) -> (Uuid, Uuid) {
        (self.job.owner.into_uuid(), self.job.conversation.into_uuid())
    }

    /// Commits the transaction.
    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.txn.commit().await?)
    }
}
