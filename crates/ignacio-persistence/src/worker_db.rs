//! The database of a worker.

use ignacio_domain::ids::WorkerId;
use sea_orm::DatabaseConnection;
use secrecy::SecretString;

use crate::error::StoreError;
use crate::identity::assume_lease;
use crate::pool;
use crate::replies::hub::ReplyHub;
use crate::replies::publisher::ReplyPublisher;
use crate::repos::file_jobs::FileJobs;
use crate::repos::follow_up_jobs::{FollowUpJob, FollowUpJobs};
use crate::repos::follow_up_scope::FollowUpScope;
use crate::repos::health;
use crate::repos::inbox::Inbox;
use crate::repos::login_monitor::LoginMonitor;
use crate::repos::outbox::Outbox;
use crate::repos::purges::Purges;
use crate::repos::reply_jobs::{ReplyJob, ReplyJobs};
use crate::repos::reply_scope::ReplyScope;
use crate::repos::retention::RetentionCleanup;

/// Where a worker connects.
pub struct WorkerDbSettings {
    /// The URL of `ignacio_worker`.
    pub worker_url: SecretString,
    /// The URL of `ignacio_auth`, the role that sends codes.
    pub auth_url: SecretString,
    /// Connections for replies, files and maintenance.
    pub worker_pool: u32,
    /// Connections for codes.
    pub auth_pool: u32,
}

/// A worker's database. Cheap to clone. Every claimed job carries a lease in this worker's name.
#[derive(Clone)]
pub struct WorkerDb {
    worker: DatabaseConnection,
    auth: DatabaseConnection,
    id: WorkerId,
    replies: ReplyPublisher,
}

impl WorkerDb {
    /// Prepares the pools; nothing connects before it is needed.
    pub async fn connect(settings: &WorkerDbSettings) -> Result<Self, StoreError> {
        let worker = pool::open(&settings.worker_url, settings.worker_pool).await?;
        let auth = pool::open(&settings.auth_url, settings.auth_pool).await?;
        let id = WorkerId::new();
        let replies = ReplyPublisher::new(worker.clone(), id, ReplyHub::new());
        Ok(Self { worker, auth, id, replies })
    }

    /// Shares running replies directly with readers in this process.
    #[must_use]
    pub fn with_hub(mut self, hub: ReplyHub) -> Self {
        self.replies.set_hub(hub);
        self
    }

    /// The worker's id, which its leases carry.
    pub const fn id(&self) -> WorkerId {
        self.id
    }

    /// Checks that the database answers.
    pub async fn check(&self) -> Result<(), StoreError> {
        health::ping(&self.worker).await
    }

    /// Codes and notices to send.
    pub const fn outbox(&self) -> Outbox<'_> {
        Outbox::new(&self.auth, self.id)
    }

    /// Webhooks to process.
    pub const fn inbox(&self) -> Inbox<'_> {
        Inbox::new(&self.auth)
    }

    /// The state of logins.
    pub const fn login_monitor(&self) -> LoginMonitor<'_> {
        LoginMonitor::new(&self.auth)
    }

    /// Expired rows to delete.
    pub const fn retention_cleanup(&self) -> RetentionCleanup<'_> {
        RetentionCleanup::new(&self.worker)
    }

    /// Files to sync and to purge.
    pub const fn file_jobs(&self) -> FileJobs<'_> {
        FileJobs::new(&self.worker, self.id)
    }

    /// External objects to remove because their rows are gone.
    pub const fn purges(&self) -> Purges<'_> {
        Purges::new(&self.worker)
    }

    /// Replies to write.
    pub const fn reply_jobs(&self) -> ReplyJobs<'_> {
        ReplyJobs::new(&self.worker, self.id)
    }

    /// Begins a transaction as the owner of this reply; `None` when the lease is lost.
    #[tracing::instrument(name = "db.begin_reply", skip_all, err(level = "debug"))]
    pub async fn begin_reply(&self, job: &ReplyJob) -> Result<Option<ReplyScope>, StoreError> {
        let txn = assume_lease(&self.worker, job.id.into_uuid(), self.id, job.epoch).await?;
        Ok(txn.map(|txn| ReplyScope::new(txn, job.clone())))
    }

    /// Begins a transaction as the owner of this follow-up job; `None` when the lease is lost.
    #[tracing::instrument(name = "db.begin_follow_up", skip_all, err(level = "debug"))]
    pub async fn begin_follow_up(
        &self,
        job: &FollowUpJob,
    ) -> Result<Option<FollowUpScope>, StoreError> {
        let txn = assume_lease(&self.worker, job.id.into_uuid(), self.id, job.epoch).await?;
        Ok(txn.map(|txn| FollowUpScope::new(txn, job.clone())))
    }

    /// Follow-up jobs: titles, summaries and verifying citations.
    pub const fn follow_up_jobs(&self) -> FollowUpJobs<'_> {
        FollowUpJobs::new(&self.worker, self.id)
    }

    /// Opens replies for writing.
    pub const fn replies(&self) -> &ReplyPublisher {
        &self.replies
    }
}
