//! Syncs documents with the provider's vector stores, exactly once, even if a worker dies on the
//! way.
//!
//! The provider has no idempotent creates, so the protocol is ours: a name that can be searched
//! for, a lease with a fencing epoch on the row, and a record of each step as soon as it is done. A
//! worker that takes a file over continues where the record ends.

mod indexing;
mod provider_copy;
mod run;
mod upload;
mod vector_store;
mod verified_stream;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ignacio_domain::ports::PortError;
use ignacio_domain::sync::MAX_ATTEMPTS;
use ignacio_persistence::{FileJob, StoreError};
use tokio::sync::Mutex;

pub(crate) use self::provider_copy::{created_after, provider_file_name};
use self::run::SyncRun;
use crate::context::WorkerContext;
use crate::jobs::{JobControl, JobError, JobOutcome, JobProcessor, JobQueue, LeaseStatus};

/// Syncs pending files.
pub(crate) struct FileSync {
    context: Arc<WorkerContext>,
    queue: JobQueue,
    creating_store: Mutex<()>,
}

impl FileSync {
    pub(crate) fn new(context: Arc<WorkerContext>) -> Self {
        let queue = JobQueue::new("file_sync", context.settings.file_concurrency);
        Self { context, queue, creating_store: Mutex::new(()) }
    }

    async fn record(&self, job: &FileJob, result: Result<(), JobError>) -> Result<(), StoreError> {
        let files = self.context.db.file_jobs();
        let backoff = &self.context.backoff;
        if let Err(JobError::Port(error)) = &result {
            log_error(error);
        }
        let outcome = JobOutcome::of(result, job.attempts, backoff)?;
        metrics::counter!("files_synced_total", "outcome" => outcome.as_str()).increment(1);
        match outcome {
            JobOutcome::Done => {}
            JobOutcome::LeaseLost => {
                // If the file was deleted, the lease is still ours: the purge need not wait for it.
                files.postpone(job, Duration::ZERO).await?;
            }
            JobOutcome::Retry { after, error } => {
                backoff.retry_write(|| files.retry(job, after, &error)).await?;
            }
            JobOutcome::Postpone { after } => {
                backoff.retry_write(|| files.postpone(job, after)).await?;
            }
            JobOutcome::Fail { error } => {
                tracing::warn!(%error, "a file cannot be synced");
                backoff.retry_write(|| files.fail(job, &error)).await?;
            }
        }
        Ok(())
    }
}

#[async_trait]
impl JobProcessor for FileSync {
    type Job = FileJob;

    fn queue(&self) -> &JobQueue {
        &self.queue
    }

    async fn claim(&self, limit: usize) -> Result<Vec<FileJob>, StoreError> {
        self.context.db.file_jobs().claim(u32::try_from(limit).unwrap_or(u32::MAX)).await
    }

    #[tracing::instrument(
        name = "work.file_sync",
        skip_all,
        fields(file = %job.id, attempts = job.attempts)
    )]
    async fn process(&self, job: &FileJob, control: &JobControl) -> Result<(), StoreError> {
        let creating_store = &self.creating_store;
        let run = SyncRun { context: &self.context, job, control, creating_store };
        let result = run.sync().await;
        self.record(job, result).await
    }

    async fn panicked(&self, job: &FileJob) -> Result<(), StoreError> {
        self.record(job, Err(JobError::Retryable("panic".to_owned()))).await
    }

    async fn release(&self, job: &FileJob) -> Result<(), StoreError> {
        self.context.db.file_jobs().postpone(job, Duration::ZERO).await.map(|_| ())
    }

    fn heartbeat_interval(&self) -> Option<Duration> {
        Some(self.context.settings.file_heartbeat)
    }

    async fn extend_lease(&self, job: &FileJob) -> Result<LeaseStatus, StoreError> {
        let is_held = self.context.db.file_jobs().extend(job).await?;
        Ok(if is_held { LeaseStatus::Held } else { LeaseStatus::Lost })
    }
}

impl SyncRun<'_> {
    /// Brings the file to the provider, continuing where an earlier attempt stopped.
    async fn sync(&self) -> Result<(), JobError> {
        if self.job.attempts > MAX_ATTEMPTS {
            return Err(JobError::Permanent("too_many_tries".to_owned()));
        }
        let file = self.uploaded().await?;
        let store = self.attached(&file).await?;
        self.indexed(&store, &file).await?;
        let files = self.context.db.file_jobs();
        if self.context.backoff.retry_write(|| files.complete(self.job, &store)).await? {
            Ok(())
        } else {
            Err(JobError::LeaseLost)
        }
    }
}

/// Logs a provider's error, as an error if an operator must act.
fn log_error(error: &PortError) {
    if matches!(error, PortError::Misconfigured { .. }) {
        tracing::error!(%error, "files cannot be synced");
    } else {
        tracing::warn!(%error, "a file could not be synced now");
    }
}
