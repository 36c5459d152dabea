//! Reading another user's content: files by name, and conversations under a grant.

use ignacio_domain::access::{AccessGrant, GrantReason};
use ignacio_domain::audit::AuditAction;
use ignacio_domain::conversation::Conversation;
use ignacio_domain::file::StoredFile;
use ignacio_domain::ids::{ConversationId, GrantId, UserId};
use ignacio_domain::message::Message;
use ignacio_domain::page::{Page, PageSize, Position};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait as _, DatabaseTransaction,
    EntityTrait as _, FromQueryResult, QueryFilter as _, Set, raw_sql,
};
use uuid::Uuid;

use super::audit_read;
use crate::entities::{access_grants, conversations};
use crate::error::StoreError;
use crate::repos::paging::{bounds, newest_first};
use crate::rows::{FileRow, MessageRow};

/// What an admin reads of others. Each read is recorded in the audit log before its rows are
/// visible; the database shows conversations and messages in no other transaction.
pub struct UserContent<'s> {
    txn: &'s DatabaseTransaction,
    admin: UserId,
}

impl From<access_grants::Model> for AccessGrant {
    fn from(row: access_grants::Model) -> Self {
        Self {
            id: GrantId::from_uuid(row.id),
            admin: UserId::from_uuid(row.admin_id),
            user: UserId::from_uuid(row.user_id),
            reason: row.reason,
            created_at: row.created_at,
            expires_at: row.expires_at,
        }
    }
}

#[derive(FromQueryResult)]
struct OwnerRow {
    owner: Uuid,
}

impl<'s> UserContent<'s> {
    pub(crate) const fn new(txn: &'s DatabaseTransaction, admin: UserId) -> Self {
        Self { txn, admin }
    }

    /// Lets the caller read a user's conversations for half an hour. [`StoreError::Conflict`] with
    /// `access_grants_user_id_fkey` when there is no such user.
    #[tracing::instrument(name = "db.admin.user_content.grant", skip_all, err(level = "debug"))]
    pub async fn grant(
        &self,
        user: UserId,
        reason: &GrantReason,
    ) -> Result<AccessGrant, StoreError> {
        // The database sets the times, and rejects any others.
        let grant = access_grants::ActiveModel {
            id: Set(GrantId::new().into_uuid()),
            admin_id: Set(self.admin.into_uuid()),
            user_id: Set(user.into_uuid()),
            reason: Set(reason.as_str().to_owned()),
            ..Default::default()
        };
        Ok(grant.insert(self.txn).await?.into())
    }

    /// A grant, whoever holds it, even if it has expired.
    #[tracing::instrument(
        name = "db.admin.user_content.find_grant",
        skip_all,
        err(level = "debug")
    )]
    pub async fn find_grant(&self, id: GrantId) -> Result<Option<AccessGrant>, StoreError> {
        let row = access_grants::Entity::find_by_id(id.into_uuid()).one(self.txn).await?;
        Ok(row.map(Into::into))
    }

    /// A page of a user's conversations, most recently active first, archived ones included.
    /// [`StoreError::GrantRequired`] without a live grant, [`StoreError::NotFound`] when there is
    /// no such user.
    #[tracing::instrument(
        name = "db.admin.user_content.conversations",
        skip_all,
        err(level = "debug")
    )]
    pub async fn conversations(
        &self,
        user: UserId,
        after: Option<Position>,
        size: PageSize,
    ) -> Result<Page<Conversation>, StoreError> {
        let user = user.into_uuid();
        let begin = raw_sql!(Postgres, "select app.authorize_conversation_list({user})");
        self.txn.execute_raw(begin).await?;
        let query = conversations::Entity::find().filter(conversations::Column::UserId.eq(user));
        let order = [conversations::Column::ActiveAt, conversations::Column::Id];
        let rows = newest_first(self.txn, query, order, after, size).await?;
        let page =
            Page::from_lookahead(rows, size, |row| Position { at: row.active_at, id: row.id });
        Ok(Page { rows: page.rows.into_iter().map(Into::into).collect(), next: page.next })
    }

    /// A page of a conversation's messages, newest first. [`StoreError::GrantRequired`] without a
    /// live grant, and also when there is no such conversation.
    #[tracing::instrument(name = "db.admin.user_content.messages", skip_all, err(level = "debug"))]
    pub async fn messages(
        &self,
        conversation: ConversationId,
        after: Option<Position>,
        size: PageSize,
    ) -> Result<Page<Message>, StoreError> {
        let conversation = conversation.into_uuid();
        let begin =
            raw_sql!(Postgres, "select app.authorize_conversation_read({conversation}) as owner");
        let owner = OwnerRow::find_by_statement(begin).one(self.txn).await?;
        let user = owner.ok_or(StoreError::GrantRequired)?.owner;
        let (at, last, limit) = bounds(after, size);
        let read = raw_sql!(
            Postgres,
            "select * from app.message_details
              where user_id = {user} and conversation_id = {conversation}
                and (created_at, id) < ({at}, {last})
              order by created_at desc, id desc limit {limit}"
        );
        let rows = MessageRow::find_by_statement(read).all(self.txn).await?;
        let rows = rows.into_iter().map(Message::try_from).collect::<Result<_, _>>()?;
        Ok(Page::from_lookahead(rows, size, |row: &Message| Position {
            at: row.created_at,
            id: row.id.into_uuid(),
        }))
    }

    /// A page of a user's files, newest first: their names, not their content. `None` when there is
    /// no such user.
    #[tracing::instrument(name = "db.admin.user_content.files", skip_all, err(level = "debug"))]
    pub async fn files(
        &self,
        user: UserId,
        after: Option<Position>,
        size: PageSize,
    ) -> Result<Option<Page<StoredFile>>, StoreError> {
        let user = user.into_uuid();
        let read = raw_sql!(Postgres, "select 1 from users where id = {user}");
        if self.txn.query_one_raw(read).await?.is_none() {
            return Ok(None);
        }
        let (at, last, limit) = bounds(after, size);
        let read = raw_sql!(
            Postgres,
            "select id, user_id, file_name, file_type, file_size, content_sha256,
                    openai_sync_status, sync_attempts, sync_error, created_at, updated_at
               from user_files
              where user_id = {user} and uploaded_at is not null and deleted_at is null
                and (created_at, id) < ({at}, {last})
              order by created_at desc, id desc limit {limit}"
        );
        let rows = FileRow::find_by_statement(read).all(self.txn).await?;
        let rows = rows.into_iter().map(StoredFile::try_from).collect::<Result<_, _>>()?;
        let page = Page::from_lookahead(rows, size, |row: &StoredFile| Position {
            at: row.created_at,
            id: row.id.into_uuid(),
        });
        audit_read(self.txn, AuditAction::FilesListed, Some(user), page.rows.len()).await?;
        Ok(Some(page))
    }
}
