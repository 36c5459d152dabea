//! The user's files.

use ignacio_domain::file::{NewFile, ObjectKey, StoredContent, StoredFile};
use ignacio_domain::ids::{ConversationId, FileId, UserId};
use ignacio_domain::page::{Page, PageSize, Position};
use ignacio_domain::sync::SyncStatus;
use sea_orm::sea_query::extension::postgres::PgExpr as _;
use sea_orm::sea_query::{Expr, LikeExpr};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, DatabaseTransaction, EntityTrait as _,
    FromQueryResult as _, QueryFilter as _, QuerySelect as _, Select, Set, raw_sql,
};
use uuid::Uuid;

use crate::entities::user_files;
use crate::error::StoreError;
use crate::repos::paging::newest_first;

/// The files of the scope's user. Files that are still being uploaded or already deleted are
/// hidden.
pub struct Files<'s> {
    txn: &'s DatabaseTransaction,
    user: UserId,
}

/// The filter of a list of files.
#[derive(Clone, Default)]
pub struct FileFilter {
    /// Only files with this sync status.
    pub status: Option<SyncFilter>,
    /// Only files that were uploaded for this conversation.
    pub conversation: Option<ConversationId>,
    /// Only files whose name contains this, ignoring case.
    pub name: Option<String>,
}

/// A file's sync status, as a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncFilter {
    /// It is never synced.
    NotApplicable,
    /// It has this status.
    Status(SyncStatus),
}

pub(crate) fn page(
    rows: Vec<user_files::Model>,
    size: PageSize,
) -> Result<Page<StoredFile>, StoreError> {
    let page = Page::from_lookahead(rows, size, |row| Position { at: row.created_at, id: row.id });
    let rows = page.rows.into_iter().map(StoredFile::try_from).collect::<Result<_, _>>()?;
    Ok(Page { rows, next: page.next })
}

impl<'s> Files<'s> {
    pub(crate) const fn new(txn: &'s DatabaseTransaction, user: UserId) -> Self {
        Self { txn, user }
    }

    /// Which of these are not live files of the user.
    #[tracing::instrument(name = "db.files.missing", skip_all, err(level = "debug"))]
    pub async fn missing(&self, ids: &[FileId]) -> Result<Vec<FileId>, StoreError> {
        let found = self.ids(self.live(), ids).await?;
        Ok(ids.iter().filter(|id| !found.contains(id)).copied().collect())
    }

    /// Which of these live files failed to sync, so that the model cannot search them.
    #[tracing::instrument(name = "db.files.failed", skip_all, err(level = "debug"))]
    pub async fn failed(&self, ids: &[FileId]) -> Result<Vec<FileId>, StoreError> {
        let failed = user_files::Column::OpenaiSyncStatus.eq(SyncStatus::Failed.as_str());
        self.ids(self.live().filter(failed), ids).await
    }

    /// Which of these a selection has.
    async fn ids(
        &self,
        selection: Select<user_files::Entity>,
        ids: &[FileId],
    ) -> Result<Vec<FileId>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let wanted: Vec<Uuid> = ids.iter().map(|id| id.into_uuid()).collect();
        let found: Vec<Uuid> = selection
            .select_only()
            .column(user_files::Column::Id)
            .filter(user_files::Column::Id.eq_any(wanted))
            .into_tuple()
            .all(self.txn)
            .await?;
        Ok(found.into_iter().map(FileId::from_uuid).collect())
    }

    /// Creates the row before the bytes arrive, so that every object ever written has a row. It
    /// stays hidden until [`Files::finish`].
    #[tracing::instrument(name = "db.files.reserve", skip_all, err(level = "debug"))]
    pub async fn reserve(
        &self,
        file: &NewFile,
        conversation: Option<ConversationId>,
    ) -> Result<ObjectKey, StoreError> {
        let key = ObjectKey::for_file(self.user, file.id);
        let new = user_files::ActiveModel {
            id: Set(file.id.into_uuid()),
            user_id: Set(self.user.into_uuid()),
            file_name: Set(file.name.as_str().to_owned()),
            file_path: Set(key.as_str().to_owned()),
            file_type: Set(file.media_type.name.to_owned()),
            conversation_id: Set(conversation.map(ConversationId::into_uuid)),
            ..Default::default()
        };
        user_files::Entity::insert(new).exec_without_returning(self.txn).await?;
        Ok(key)
    }

    /// Shows the file once its bytes are stored, and makes it a job if it can be searched. `None`
    /// when it was abandoned meanwhile.
    #[tracing::instrument(name = "db.files.finish", skip_all, err(level = "debug"))]
    pub async fn finish(
        &self,
        id: FileId,
        content: &StoredContent,
        is_searchable: bool,
    ) -> Result<Option<StoredFile>, StoreError> {
        let (user, id) = (self.user.into_uuid(), id.into_uuid());
        let size = i64::try_from(content.size).unwrap_or(i64::MAX);
        let sha256 = content.sha256.to_vec();
        let status = is_searchable.then_some(SyncStatus::Pending.as_str());
        let write = raw_sql!(
            Postgres,
            "update user_files
                set file_size = {size}, content_sha256 = {sha256}, uploaded_at = now(),
                    openai_sync_status = {status}, next_attempt_at = now()
              where user_id = {user} and id = {id} and uploaded_at is null
                and deleted_at is null
             returning *"
        );
        let row = user_files::Model::find_by_statement(write).one(self.txn).await?;
        row.map(StoredFile::try_from).transpose()
    }

    /// Gives up an upload: the worker removes what was stored of it.
    #[tracing::instrument(name = "db.files.abandon", skip_all, err(level = "debug"))]
    pub async fn abandon(&self, id: FileId) -> Result<(), StoreError> {
        let (user, id) = (self.user.into_uuid(), id.into_uuid());
        let write = raw_sql!(
            Postgres,
            "update user_files set deleted_at = now(), next_attempt_at = now()
              where user_id = {user} and id = {id} and uploaded_at is null"
        );
        self.txn.execute_raw(write).await?;
        Ok(())
    }

    /// A page of files, newest first.
    #[tracing::instrument(name = "db.files.list", skip_all, err(level = "debug"))]
    pub async fn list(
        &self,
        filter: &FileFilter,
        after: Option<Position>,
        size: PageSize,
    ) -> Result<Page<StoredFile>, StoreError> {
        use user_files::Column;
        let mut query = self.live();
        match filter.status {
            None => {}
            Some(SyncFilter::NotApplicable) => {
                query = query.filter(Column::OpenaiSyncStatus.is_null());
            }
            Some(SyncFilter::Status(status)) => {
                query = query.filter(Column::OpenaiSyncStatus.eq(status.as_str()));
            }
        }
        if let Some(conversation) = filter.conversation {
            query = query.filter(Column::ConversationId.eq(conversation.into_uuid()));
        }
        if let Some(name) = &filter.name {
            let pattern = LikeExpr::new(format!("%{}%", escape_like(name)));
            query = query.filter(Expr::col(Column::FileName).ilike(pattern));
        }
        let order = [Column::CreatedAt, Column::Id];
        let rows = newest_first(self.txn, query, order, after, size).await?;
        page(rows, size)
    }

    /// Finds one.
    #[tracing::instrument(name = "db.files.find", skip_all, err(level = "debug"))]
    pub async fn find(&self, id: FileId) -> Result<Option<StoredFile>, StoreError> {
        let row =
            self.live().filter(user_files::Column::Id.eq(id.into_uuid())).one(self.txn).await?;
        row.map(StoredFile::try_from).transpose()
    }

    /// Where its bytes are stored.
    #[tracing::instrument(name = "db.files.key", skip_all, err(level = "debug"))]
    pub async fn key(&self, id: FileId) -> Result<Option<ObjectKey>, StoreError> {
        let path: Option<String> = self
            .live()
            .select_only()
            .column(user_files::Column::FilePath)
            .filter(user_files::Column::Id.eq(id.into_uuid()))
            .into_tuple()
            .one(self.txn)
            .await?;
        Ok(path.map(ObjectKey::from_stored))
    }

    /// Hides it immediately; the worker removes it everywhere. False when there is no such file.
    #[tracing::instrument(name = "db.files.delete", skip_all, err(level = "debug"))]
    pub async fn delete(&self, id: FileId) -> Result<bool, StoreError> {
        let (user, id) = (self.user.into_uuid(), id.into_uuid());
        let write = raw_sql!(
            Postgres,
            "update user_files set deleted_at = now(), next_attempt_at = now()
              where user_id = {user} and id = {id} and uploaded_at is not null
                and deleted_at is null"
        );
        Ok(self.txn.execute_raw(write).await?.rows_affected() > 0)
    }

    fn live(&self) -> Select<user_files::Entity> {
        user_files::Entity::find()
            .filter(user_files::Column::UserId.eq(self.user.into_uuid()))
            .filter(user_files::Column::UploadedAt.is_not_null())
            .filter(user_files::Column::DeletedAt.is_null())
    }
}

/// Escapes wildcards; the backslash is Postgres' default escape character.
fn escape_like(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}
