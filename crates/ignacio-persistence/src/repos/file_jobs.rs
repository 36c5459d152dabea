//! Files to sync and to purge, each with a lease and a fencing epoch.

use std::time::Duration;

use ignacio_domain::file::ObjectKey;
use ignacio_domain::ids::{FileId, UserId, WorkerId};
use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, EntityTrait as _, FromQueryResult as _, Statement,
    TransactionTrait as _, raw_sql,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::entities::{user_files, user_vector_stores};
use crate::error::StoreError;
use crate::leases::FILE_LEASE;

/// Files as jobs. A write under a lost lease changes nothing, and returns false.
pub struct FileJobs<'d> {
    worker: &'d DatabaseConnection,
    id: WorkerId,
}

/// A file that this worker holds.
#[derive(Clone)]
pub struct FileJob {
    /// The id.
    pub id: FileId,
    /// The owner.
    pub owner: UserId,
    /// Where its bytes are stored.
    pub key: ObjectKey,
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its size in bytes.
    pub size: i64,
    /// The SHA-256 of its bytes; empty if unknown, or if the upload was never finished.
    pub sha256: Vec<u8>,
    /// The provider's id, once it is uploaded there.
    pub provider_file_id: Option<String>,
    /// The vector store that contains it.
    pub vector_store: Option<String>,
    /// How often it was attempted, this time included.
    pub attempts: i32,
    /// The lease's fencing number: the holder of an older one writes nothing.
    pub epoch: i64,
    /// When it was uploaded.
    pub created_at: OffsetDateTime,
}

impl From<user_files::Model> for FileJob {
    fn from(row: user_files::Model) -> Self {
        Self {
            id: FileId::from_uuid(row.id),
            owner: UserId::from_uuid(row.user_id),
            key: ObjectKey::from_stored(row.file_path),
            name: row.file_name,
            media_type: row.file_type,
            size: row.file_size,
            sha256: row.content_sha256.unwrap_or_default(),
            provider_file_id: row.openai_file_id,
            vector_store: row.openai_vector_store_id,
            attempts: row.sync_attempts,
            epoch: row.lease_epoch,
            created_at: row.created_at,
        }
    }
}

impl<'d> FileJobs<'d> {
    pub(crate) const fn new(worker: &'d DatabaseConnection, id: WorkerId) -> Self {
        Self { worker, id }
    }

    // Each claim selects its rows in a CTE, which runs once. As a sub-select of the update, the
    // planner may run it once per row, and a claim would exceed its limit.

    /// Claims pending files, and those whose worker stopped its heartbeat, for [`FILE_LEASE`].
    #[tracing::instrument(name = "db.file_jobs.claim", skip_all, err(level = "debug"))]
    pub async fn claim(&self, limit: u32) -> Result<Vec<FileJob>, StoreError> {
        let (worker, limit) = (self.id.into_uuid(), i64::from(limit));
        let lease = FILE_LEASE.as_secs_f64();
        let write = raw_sql!(
            Postgres,
            "with due as (
                 select id from user_files
                  where deleted_at is null
                    and (openai_sync_status = 'pending' and next_attempt_at <= now()
                         or openai_sync_status = 'syncing' and lease_until < now())
                  order by next_attempt_at limit {limit} for update skip locked)
             update user_files f
                set openai_sync_status = 'syncing', lease_owner = {worker},
                    lease_until = now() + make_interval(secs => {lease}),
                    lease_epoch = f.lease_epoch + 1, sync_attempts = f.sync_attempts + 1
               from due where f.id = due.id
             returning f.*"
        );
        self.jobs(write).await
    }

    /// Claims deleted files that no sync holds, and uploads that were abandoned an hour ago.
    #[tracing::instrument(name = "db.file_jobs.claim_deleted", skip_all, err(level = "debug"))]
    pub async fn claim_deleted(&self, limit: u32) -> Result<Vec<FileJob>, StoreError> {
        let (worker, limit) = (self.id.into_uuid(), i64::from(limit));
        let lease = FILE_LEASE.as_secs_f64();
        let write = raw_sql!(
            Postgres,
            "with due as (
                 select id from user_files
                  where (deleted_at is not null and next_attempt_at <= now()
                         or uploaded_at is null and deleted_at is null
                            and created_at < now() - interval '1 hour')
                    and (lease_until is null or lease_until < now())
                  order by next_attempt_at limit {limit} for update skip locked)
             update user_files f
                set lease_owner = {worker}, lease_until = now() + make_interval(secs => {lease}),
                    lease_epoch = f.lease_epoch + 1, sync_attempts = f.sync_attempts + 1,
                    deleted_at = coalesce(f.deleted_at, now())
               from due where f.id = due.id
             returning f.*"
        );
        self.jobs(write).await
    }

    /// Extends the lease by [`FILE_LEASE`]; false when it is lost.
    #[tracing::instrument(name = "db.file_jobs.extend", skip_all, err(level = "debug"))]
    pub async fn extend(&self, job: &FileJob) -> Result<bool, StoreError> {
        let (id, worker, epoch) = self.fence(job);
        let lease = FILE_LEASE.as_secs_f64();
        self.changes(raw_sql!(
            Postgres,
            "update user_files set lease_until = now() + make_interval(secs => {lease})
              where id = {id} and lease_owner = {worker} and lease_epoch = {epoch}
                and lease_until > now()"
        ))
        .await
    }

    /// Records the provider's id of an upload; false when the lease is lost or the file deleted:
    /// then undo the upload.
    #[tracing::instrument(name = "db.file_jobs.record_upload", skip_all, err(level = "debug"))]
    pub async fn record_upload(
        &self,
        job: &FileJob,
        provider_file_id: &str,
    ) -> Result<bool, StoreError> {
        let (id, worker, epoch) = self.fence(job);
        let provider_file_id = provider_file_id.to_owned();
        self.changes(raw_sql!(
            Postgres,
            "update user_files
                set openai_file_id = {provider_file_id}, openai_uploaded_at = now()
              where id = {id} and lease_owner = {worker} and lease_epoch = {epoch}
                and lease_until > now() and deleted_at is null"
        ))
        .await
    }

    /// Records that the provider no longer has the upload.
    #[tracing::instrument(name = "db.file_jobs.clear_upload", skip_all, err(level = "debug"))]
    pub async fn clear_upload(&self, job: &FileJob) -> Result<bool, StoreError> {
        let (id, worker, epoch) = self.fence(job);
        self.changes(raw_sql!(
            Postgres,
            "update user_files
                set openai_file_id = null, openai_vector_store_id = null,
                    openai_uploaded_at = null
              where id = {id} and lease_owner = {worker} and lease_epoch = {epoch}
                and lease_until > now()"
        ))
        .await
    }

    /// Records that the file can be searched in this store.
    #[tracing::instrument(name = "db.file_jobs.complete", skip_all, err(level = "debug"))]
    pub async fn complete(&self, job: &FileJob, store: &str) -> Result<bool, StoreError> {
        let (id, worker, epoch) = self.fence(job);
        let store = store.to_owned();
        self.changes(raw_sql!(
            Postgres,
            "update user_files
                set openai_sync_status = 'synced', openai_vector_store_id = {store},
                    synced_at = now(), sync_error = null, lease_until = null
              where id = {id} and lease_owner = {worker} and lease_epoch = {epoch}
                and lease_until > now() and openai_sync_status = 'syncing'
                and deleted_at is null"
        ))
        .await
    }

    /// Releases it for another attempt.
    #[tracing::instrument(name = "db.file_jobs.retry", skip_all, err(level = "debug"))]
    pub async fn retry(
        &self,
        job: &FileJob,
        after: Duration,
        error: &str,
    ) -> Result<bool, StoreError> {
        self.release(job, after, Some(error), 0).await
    }

    /// Releases it for another attempt, without counting this one.
    #[tracing::instrument(name = "db.file_jobs.postpone", skip_all, err(level = "debug"))]
    pub async fn postpone(&self, job: &FileJob, after: Duration) -> Result<bool, StoreError> {
        self.release(job, after, None, 1).await
    }

    /// Records why the sync failed for good.
    #[tracing::instrument(name = "db.file_jobs.fail", skip_all, err(level = "debug"))]
    pub async fn fail(&self, job: &FileJob, error: &str) -> Result<bool, StoreError> {
        let (id, worker, epoch) = self.fence(job);
        let error = error.to_owned();
        self.changes(raw_sql!(
            Postgres,
            "update user_files
                set openai_sync_status = 'failed', sync_error = {error}, lease_until = null
              where id = {id} and lease_owner = {worker} and lease_epoch = {epoch}
                and lease_until > now() and openai_sync_status = 'syncing'"
        ))
        .await
    }

    /// Deletes the row of a deleted file of which nothing is left elsewhere.
    #[tracing::instrument(name = "db.file_jobs.complete_purge", skip_all, err(level = "debug"))]
    pub async fn complete_purge(&self, job: &FileJob) -> Result<bool, StoreError> {
        let (id, worker, epoch) = self.fence(job);
        let txn = self.worker.begin().await?;
        let mark = raw_sql!(
            Postgres,
            "update user_files
                set purged_at = now(), openai_file_id = null, openai_vector_store_id = null
              where id = {id} and lease_owner = {worker} and lease_epoch = {epoch}
                and lease_until > now() and deleted_at is not null"
        );
        let is_mine = txn.execute_raw(mark).await?.rows_affected() > 0;
        if is_mine {
            user_files::Entity::delete_by_id(id).exec(&txn).await?;
        }
        txn.commit().await?;
        Ok(is_mine)
    }

    /// The user's vector store.
    #[tracing::instrument(name = "db.file_jobs.vector_store", skip_all, err(level = "debug"))]
    pub async fn vector_store(&self, owner: UserId) -> Result<Option<String>, StoreError> {
        let row =
            user_vector_stores::Entity::find_by_id(owner.into_uuid()).one(self.worker).await?;
        Ok(row.map(|row| row.openai_vector_store_id))
    }

    /// Records a user's vector store unless one is recorded, and returns the recorded one: a caller
    /// that created another deletes it.
    #[tracing::instrument(name = "db.file_jobs.adopt_vector_store", skip_all, err(level = "debug"))]
    pub async fn adopt_vector_store(
        &self,
        owner: UserId,
        store: &str,
    ) -> Result<String, StoreError> {
        let (user, store) = (owner.into_uuid(), store.to_owned());
        let write = raw_sql!(
            Postgres,
            "insert into user_vector_stores (user_id, openai_vector_store_id)
             values ({user}, {store}) on conflict (user_id) do nothing"
        );
        self.worker.execute_raw(write).await?;
        // A separate statement, so that it sees what a rival has just committed.
        let noted = self.vector_store(owner).await?;
        noted.ok_or(StoreError::corrupt("user_vector_stores", "user_id"))
    }

    /// Forgets a vector store that the provider no longer has. The files in it become pending, to
    /// be added to another; their uploads stay.
    #[tracing::instrument(name = "db.file_jobs.drop_vector_store", skip_all, err(level = "debug"))]
    pub async fn drop_vector_store(&self, owner: UserId, store: &str) -> Result<(), StoreError> {
        let (user, store) = (owner.into_uuid(), store.to_owned());
        let txn = self.worker.begin().await?;
        // Two steps: a synced file becomes pending only via expired.
        let expire = raw_sql!(
            Postgres,
            "update user_files set openai_sync_status = 'expired', openai_vector_store_id = null
              where user_id = {user} and openai_vector_store_id = {store}
                and openai_sync_status = 'synced' and deleted_at is null"
        );
        txn.execute_raw(expire).await?;
        let wait = raw_sql!(
            Postgres,
            "update user_files
                set openai_sync_status = 'pending', sync_attempts = 0, next_attempt_at = now()
              where user_id = {user} and openai_sync_status = 'expired' and deleted_at is null"
        );
        txn.execute_raw(wait).await?;
        let forget = raw_sql!(
            Postgres,
            "delete from user_vector_stores
              where user_id = {user} and openai_vector_store_id = {store}"
        );
        txn.execute_raw(forget).await?;
        Ok(txn.commit().await?)
    }

    async fn release(
        &self,
        job: &FileJob,
        after: Duration,
        error: Option<&str>,
        forgiven: i32,
    ) -> Result<bool, StoreError> {
        let (id, worker, epoch) = self.fence(job);
        let (seconds, error) = (after.as_secs_f64(), error.map(str::to_owned));
        self.changes(raw_sql!(
            Postgres,
            "update user_files
                set openai_sync_status =
                        case when deleted_at is null then 'pending' else openai_sync_status end,
                    next_attempt_at = now() + make_interval(secs => {seconds}),
                    sync_error = coalesce({error}, sync_error),
                    sync_attempts = sync_attempts - {forgiven}, lease_until = null
              where id = {id} and lease_owner = {worker} and lease_epoch = {epoch}
                and lease_until > now()"
        ))
        .await
    }

    fn fence(&self, job: &FileJob) -> (Uuid, Uuid, i64) {
        (job.id.into_uuid(), self.id.into_uuid(), job.epoch)
    }

    async fn jobs(&self, write: Statement) -> Result<Vec<FileJob>, StoreError> {
        let rows = user_files::Model::find_by_statement(write).all(self.worker).await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    async fn changes(&self, write: Statement) -> Result<bool, StoreError> {
        Ok(self.worker.execute_raw(write).await?.rows_affected() > 0)
    }
}
