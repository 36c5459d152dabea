//! Conversations of the user.

use ignacio_domain::conversation::{
    Conversation, ConversationChange, ConversationSummary, ConversationTitle,
};
use ignacio_domain::file::StoredFile;
use ignacio_domain::ids::{ConversationId, MessageId, UserId};
use ignacio_domain::page::{Page, PageSize, Position};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait as _, DatabaseTransaction,
    EntityTrait as _, FromQueryResult as _, QueryFilter as _, QuerySelect as _, Set, raw_sql,
};

use crate::entities::{conversations, user_files};
use crate::error::StoreError;
use crate::repos::paging::bounds;

/// The conversations of the scope's user. Row level security does the narrowing; the filters on
/// `user_id` are for the indexes.
pub struct Conversations<'s> {
    txn: &'s DatabaseTransaction,
    user: UserId,
}

impl<'s> Conversations<'s> {
    pub(crate) const fn new(txn: &'s DatabaseTransaction, user: UserId) -> Self {
        Self { txn, user }
    }

    /// Starts one.
    #[tracing::instrument(name = "db.conversations.insert", skip_all, err(level = "debug"))]
    pub async fn insert(
        &self,
        id: ConversationId,
        title: Option<&ConversationTitle>,
    ) -> Result<Conversation, StoreError> {
        let new = conversations::ActiveModel {
            id: Set(id.into_uuid()),
            user_id: Set(self.user.into_uuid()),
            title: Set(title.map(|it| it.as_str().to_owned())),
            ..Default::default()
        };
        Ok(new.insert(self.txn).await?.into())
    }

    /// Finds one.
    #[tracing::instrument(name = "db.conversations.find", skip_all, err(level = "debug"))]
    pub async fn find(&self, id: ConversationId) -> Result<Option<Conversation>, StoreError> {
        let row = conversations::Entity::find_by_id(id.into_uuid()).one(self.txn).await?;
        Ok(row.map(Into::into))
    }

    /// Finds one and locks it until the scope ends.
    #[tracing::instrument(name = "db.conversations.lock", skip_all, err(level = "debug"))]
    pub async fn lock(&self, id: ConversationId) -> Result<Option<Conversation>, StoreError> {
        let row = conversations::Entity::find_by_id(id.into_uuid())
            .lock_exclusive()
            .one(self.txn)
            .await?;
        Ok(row.map(Into::into))
    }

    /// Changes its title or its flags; `None` when the user has no such conversation.
    #[tracing::instrument(name = "db.conversations.update", skip_all, err(level = "debug"))]
    pub async fn update(
        &self,
        id: ConversationId,
        change: &ConversationChange,
    ) -> Result<Option<Conversation>, StoreError> {
        let (user, id) = (self.user.into_uuid(), id.into_uuid());
        let title = change.title.as_ref().map(|it| it.as_str().to_owned());
        let (archived, pinned) = (change.archived, change.pinned);
        let write = raw_sql!(
            Postgres,
            "update conversations
                set title = coalesce({title}, title),
                    archived = coalesce({archived}, archived),
                    pinned = coalesce({pinned}, pinned)
              where user_id = {user} and id = {id}
             returning *"
        );
        let row = conversations::Model::find_by_statement(write).one(self.txn).await?;
        Ok(row.map(Into::into))
    }

    /// Deletes it with its messages, replies and events. Files that are attached to nothing else
    /// are marked for deletion, unless they are to be kept. False when there is no such
    /// conversation.
    #[tracing::instrument(name = "db.conversations.delete", skip_all, err(level = "debug"))]
    pub async fn delete(&self, id: ConversationId, keep_files: bool) -> Result<bool, StoreError> {
        let (user, id) = (self.user.into_uuid(), id.into_uuid());
        if !keep_files {
            let mark = raw_sql!(
                Postgres,
                "with here as (
                     select mf.file_id from message_files mf
                       join messages m on m.id = mf.message_id
                      where m.user_id = {user} and m.conversation_id = {id}
                     union
                     select f.id from user_files f
                      where f.user_id = {user} and f.conversation_id = {id})
                 update user_files f set deleted_at = now(), next_attempt_at = now()
                  where f.user_id = {user} and f.deleted_at is null
                    and f.id in (select file_id from here)
                    and (f.conversation_id is null or f.conversation_id = {id})
                    and not exists (
                        select 1 from message_files mf join messages m on m.id = mf.message_id
                         where mf.user_id = {user} and mf.file_id = f.id
                           and m.conversation_id <> {id})"
            );
            self.txn.execute_raw(mark).await?;
        }
        let gone = conversations::Entity::delete_many()
            .filter(conversations::Column::UserId.eq(user))
            .filter(conversations::Column::Id.eq(id))
            .exec(self.txn)
            .await?;
        Ok(gone.rows_affected > 0)
    }

    /// The summary of its oldest part; `None` when nothing is summarized yet, when the message that
    /// the summary ends with was replaced, or when the user has no such conversation.
    #[tracing::instrument(name = "db.conversations.summary", skip_all, err(level = "debug"))]
    pub async fn summary(
        &self,
        id: ConversationId,
    ) -> Result<Option<ConversationSummary>, StoreError> {
        let (user, id) = (self.user.into_uuid(), id.into_uuid());
        let row = super::summaries::find_row(self.txn, user, id).await?;
        Ok(row.map(|row| ConversationSummary {
            content: row.content,
            n_messages: row.n_messages,
            last_message: MessageId::from_uuid(row.until_id),
            updated_at: row.updated_at,
        }))
    }

    /// The files that are attached to its messages or were uploaded for it, newest first.
    #[tracing::instrument(name = "db.conversations.files", skip_all, err(level = "debug"))]
    pub async fn files(
        &self,
        id: ConversationId,
        after: Option<Position>,
        size: PageSize,
    ) -> Result<Page<StoredFile>, StoreError> {
        let (user, id) = (self.user.into_uuid(), id.into_uuid());
        let (at, last, limit) = bounds(after, size);
        let read = raw_sql!(
            Postgres,
            "select f.* from user_files f
              where f.user_id = {user} and f.uploaded_at is not null and f.deleted_at is null
                and (f.created_at, f.id) < ({at}, {last})
                and (f.conversation_id = {id} or exists (
                    select 1 from message_files mf join messages m on m.id = mf.message_id
                     where mf.user_id = {user} and mf.file_id = f.id and m.conversation_id = {id}))
              order by f.created_at desc, f.id desc limit {limit}"
        );
        let rows = user_files::Model::find_by_statement(read).all(self.txn).await?;
        super::files::page(rows, size)
    }
}
