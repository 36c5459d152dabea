//! Deletes external copies of what users deleted. Pointers go last, so that whatever still exists
//! is never forgotten; a deletion is never given up.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ignacio_domain::file::MediaType;
use ignacio_domain::ports::PortError;
use ignacio_persistence::{FileJob, Purge, PurgeTarget, StoreError};

use crate::context::WorkerContext;
use crate::file_sync::{created_after, provider_file_name};
use crate::jobs::{JobControl, JobOutcome, JobProcessor, JobQueue, classify, error_code};

/// Purges files that their owners deleted: the rows still exist, but are hidden.
pub(crate) struct FilePurge {
    context: Arc<WorkerContext>,
    queue: JobQueue,
}

impl FilePurge {
    pub(crate) fn new(context: Arc<WorkerContext>) -> Self {
        Self { queue: JobQueue::new("file_purge", context.settings.purge_concurrency), context }
    }

    async fn purge(&self, job: &FileJob) -> Result<(), PortError> {
        let vector_store = &self.context.ports.vector_store;
        if let Some(file) = &job.provider_file_id {
            if let Some(store) = &job.vector_store {
                ignore_missing(vector_store.detach_file(store, file).await)?;
            }
            ignore_missing(vector_store.delete_file(file).await)?;
        }
        if may_be_at_provider(job) {
            let name =
                provider_file_name(&self.context.settings.environment, job.id, &job.media_type);
            for copy in vector_store.find_files(&name, created_after(job)).await? {
                ignore_missing(vector_store.delete_file(&copy.id).await)?;
            }
        }
        ignore_missing(self.context.ports.objects.delete(&job.key).await)
    }

    async fn retry(&self, job: &FileJob, code: &str) -> Result<(), StoreError> {
        let after = self.context.backoff.delay(job.attempts, None);
        self.context.db.file_jobs().retry(job, after, code).await.map(|_| ())
    }
}

#[async_trait]
impl JobProcessor for FilePurge {
    type Job = FileJob;

    fn queue(&self) -> &JobQueue {
        &self.queue
    }

    async fn claim(&self, limit: usize) -> Result<Vec<FileJob>, StoreError> {
        self.context.db.file_jobs().claim_deleted(u32::try_from(limit).unwrap_or(u32::MAX)).await
    }

    #[tracing::instrument(name = "work.file_purge", skip_all, fields(file = %job.id))]
    async fn process(&self, job: &FileJob, _control: &JobControl) -> Result<(), StoreError> {
        let files = self.context.db.file_jobs();
        let Err(error) = self.purge(job).await else {
            count("file", "done");
            return files.complete_purge(job).await.map(|_| ());
        };
        log_error(&error);
        count("file", "retried");
        match classify(&error, job.attempts, &self.context.backoff) {
            JobOutcome::Postpone { after } => files.postpone(job, after).await.map(|_| ()),
            JobOutcome::Retry { after, error } => files.retry(job, after, &error).await.map(|_| ()),
            JobOutcome::Fail { .. } | JobOutcome::Done | JobOutcome::LeaseLost => {
                self.retry(job, error_code(&error)).await
            }
        }
    }

    async fn panicked(&self, job: &FileJob) -> Result<(), StoreError> {
        self.retry(job, "panic").await
    }

    async fn release(&self, job: &FileJob) -> Result<(), StoreError> {
        self.context.db.file_jobs().postpone(job, Duration::ZERO).await.map(|_| ())
    }
}

/// Deletes the external objects that deleted rows pointed to.
pub(crate) struct ExternalCleanup {
    context: Arc<WorkerContext>,
    queue: JobQueue,
}

impl ExternalCleanup {
    pub(crate) fn new(context: Arc<WorkerContext>) -> Self {
        let queue = JobQueue::new("external_cleanup", context.settings.purge_concurrency);
        Self { context, queue }
    }

    async fn purge(&self, target: &PurgeTarget) -> Result<(), PortError> {
        let ports = &self.context.ports;
        ignore_missing(match target {
            PurgeTarget::Object(key) => ports.objects.delete(key).await,
            PurgeTarget::ProviderFile(id) => ports.vector_store.delete_file(id).await,
            PurgeTarget::VectorStore(id) => ports.vector_store.delete_store(id).await,
            PurgeTarget::ProviderResponse(id) => self.delete_response(id).await,
        })
    }

    /// A response that is still being generated is cancelled first: deleting it may not stop it.
    async fn delete_response(&self, id: &str) -> Result<(), PortError> {
        let assistant = &self.context.ports.assistant;
        match assistant.cancel(id).await {
            // One that was not generated in the background cannot be cancelled, and ended long ago.
            Ok(()) | Err(PortError::Rejected { .. }) => assistant.delete_response(id).await,
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl JobProcessor for ExternalCleanup {
    type Job = Purge;

    fn queue(&self) -> &JobQueue {
        &self.queue
    }

    async fn claim(&self, limit: usize) -> Result<Vec<Purge>, StoreError> {
        self.context.db.purges().claim(u32::try_from(limit).unwrap_or(u32::MAX)).await
    }

    #[tracing::instrument(name = "work.external_cleanup", skip_all, fields(purge = %job.id))]
    async fn process(&self, job: &Purge, _control: &JobControl) -> Result<(), StoreError> {
        let kind = kind_of(&job.target);
        let Err(error) = self.purge(&job.target).await else {
            count(kind, "done");
            return self.context.db.purges().complete(job).await;
        };
        log_error(&error);
        count(kind, "retried");
        let after = match classify(&error, job.attempts, &self.context.backoff) {
            JobOutcome::Postpone { after } | JobOutcome::Retry { after, .. } => after,
            JobOutcome::Fail { .. } | JobOutcome::Done | JobOutcome::LeaseLost => {
                self.context.backoff.delay(job.attempts, None)
            }
        };
        self.context.db.purges().retry(job, after, error_code(&error)).await
    }

    async fn panicked(&self, job: &Purge) -> Result<(), StoreError> {
        let after = self.context.backoff.delay(job.attempts, None);
        self.context.db.purges().retry(job, after, "panic").await
    }

    async fn release(&self, job: &Purge) -> Result<(), StoreError> {
        self.context.db.purges().retry(job, Duration::ZERO, "stopped").await
    }
}

/// A missing object need not be deleted.
fn ignore_missing(deleted: Result<(), PortError>) -> Result<(), PortError> {
    match deleted {
        Err(PortError::NotFound) => Ok(()),
        deleted => deleted,
    }
}

/// Images and recordings are never uploaded to the provider, so they need not be deleted there.
fn may_be_at_provider(job: &FileJob) -> bool {
    job.provider_file_id.is_some()
        || MediaType::find(&job.media_type).is_none_or(MediaType::is_searchable)
}

fn log_error(error: &PortError) {
    match error {
        PortError::Misconfigured { .. } | PortError::Rejected { .. } => {
            tracing::error!(%error, "an object cannot be deleted");
        }
        PortError::Transient { .. } | PortError::NotFound => {
            tracing::warn!(%error, "an object could not be deleted now");
        }
    }
}

const fn kind_of(target: &PurgeTarget) -> &'static str {
    match target {
        PurgeTarget::Object(_) => "object",
        PurgeTarget::ProviderFile(_) => "provider_file",
        PurgeTarget::VectorStore(_) => "vector_store",
        PurgeTarget::ProviderResponse(_) => "provider_response",
    }
}

fn count(kind: &'static str, outcome: &'static str) {
    metrics::counter!("purges_total", "kind" => kind, "outcome" => outcome).increment(1);
}
