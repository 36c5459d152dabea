//! Takes out of the world what people deleted. Pointers go last, so that nothing is forgotten
//! that still exists somewhere; a deletion is never given up.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ignacio_domain::file::MediaType;
use ignacio_domain::ports::PortError;
use ignacio_persistence::{FileJob, Purge, PurgeTarget, StoreError};
use tokio::sync::Notify;

use crate::Shared;
use crate::file_sync::{library_name, made_since};
use crate::job::{Verdict, judge, pause, word_for};
use crate::queue::{Queue, Stop};

/// Files whose owners deleted them: the rows are still there, hidden.
pub(crate) struct DeletedFiles {
    shared: Arc<Shared>,
    bell: Notify,
}

impl DeletedFiles {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, bell: Notify::new() }
    }

    async fn clean(&self, job: &FileJob) -> Result<(), PortError> {
        let library = &self.shared.ports.library;
        if let Some(file) = &job.provider_file_id {
            if let Some(store) = &job.vector_store {
                gone(library.detach_file(store, file).await)?;
            }
            gone(library.delete_file(file).await)?;
        }
        if may_be_in_library(job) {
            let name = library_name(&self.shared.settings.environment, job.id, &job.media_type);
            for stray in library.find_files(&name, made_since(job)).await? {
                gone(library.delete_file(&stray.id).await)?;
            }
        }
        gone(self.shared.ports.objects.delete(&job.key).await)
    }

    async fn later(&self, job: &FileJob, word: &str) -> Result<(), StoreError> {
        let after = pause(job.attempts, None, self.shared.settings.pauses);
        self.shared.db.file_jobs().retry(job, after, word).await.map(|_| ())
    }
}

#[async_trait]
impl Queue for DeletedFiles {
    type Job = FileJob;

    fn name(&self) -> &'static str {
        "deleted_files"
    }

    fn at_once(&self) -> usize {
        self.shared.settings.purges_at_once
    }

    fn bell(&self) -> &Notify {
        &self.bell
    }

    async fn claim(&self, room: usize) -> Result<Vec<FileJob>, StoreError> {
        self.shared.db.file_jobs().claim_deleted(u32::try_from(room).unwrap_or(u32::MAX)).await
    }

    #[tracing::instrument(name = "work.purge_file", skip_all, fields(file = %job.id))]
    async fn work(&self, job: &FileJob, _stop: &Stop) -> Result<(), StoreError> {
        let files = self.shared.db.file_jobs();
        let Err(error) = self.clean(job).await else {
            count("file", "done");
            return files.complete_purge(job).await.map(|_| ());
        };
        tell(&error);
        count("file", "retried");
        match verdict(&error, job.attempts, &self.shared) {
            Verdict::Postpone { after } => files.postpone(job, after).await.map(|_| ()),
            Verdict::Retry { after, error } => files.retry(job, after, &error).await.map(|_| ()),
            Verdict::GiveUp { error } => self.later(job, &error).await,
        }
    }

    async fn crashed(&self, job: &FileJob) -> Result<(), StoreError> {
        self.later(job, "panic").await
    }

    async fn give_back(&self, job: &FileJob) -> Result<(), StoreError> {
        self.shared.db.file_jobs().postpone(job, Duration::ZERO).await.map(|_| ())
    }
}

/// What rows that are gone already pointed to.
pub(crate) struct Leftovers {
    shared: Arc<Shared>,
    bell: Notify,
}

impl Leftovers {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, bell: Notify::new() }
    }

    async fn clean(&self, target: &PurgeTarget) -> Result<(), PortError> {
        let ports = &self.shared.ports;
        gone(match target {
            PurgeTarget::Object(key) => ports.objects.delete(key).await,
            PurgeTarget::ProviderFile(id) => ports.library.delete_file(id).await,
            PurgeTarget::VectorStore(id) => ports.library.delete_store(id).await,
            PurgeTarget::ProviderResponse(id) => self.forget(id).await,
        })
    }

    /// A reply that is still being made is stopped first: that it is deleted need not end it.
    async fn forget(&self, id: &str) -> Result<(), PortError> {
        let assistant = &self.shared.ports.assistant;
        match assistant.cancel(id).await {
            // One that was not made in the background cannot be stopped, and has ended long ago.
            Ok(()) | Err(PortError::Rejected { .. }) => assistant.delete_response(id).await,
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl Queue for Leftovers {
    type Job = Purge;

    fn name(&self) -> &'static str {
        "leftovers"
    }

    fn at_once(&self) -> usize {
        self.shared.settings.purges_at_once
    }

    fn bell(&self) -> &Notify {
        &self.bell
    }

    async fn claim(&self, room: usize) -> Result<Vec<Purge>, StoreError> {
        self.shared.db.purges().claim(u32::try_from(room).unwrap_or(u32::MAX)).await
    }

    #[tracing::instrument(name = "work.purge", skip_all, fields(purge = %job.id))]
    async fn work(&self, job: &Purge, _stop: &Stop) -> Result<(), StoreError> {
        let kind = kind_of(&job.target);
        let Err(error) = self.clean(&job.target).await else {
            count(kind, "done");
            return self.shared.db.purges().complete(job).await;
        };
        tell(&error);
        count(kind, "retried");
        let after = match verdict(&error, job.attempts, &self.shared) {
            Verdict::Postpone { after } | Verdict::Retry { after, .. } => after,
            Verdict::GiveUp { .. } => pause(job.attempts, None, self.shared.settings.pauses),
        };
        self.shared.db.purges().retry(job, after, word_for(&error)).await
    }

    async fn crashed(&self, job: &Purge) -> Result<(), StoreError> {
        let after = pause(job.attempts, None, self.shared.settings.pauses);
        self.shared.db.purges().retry(job, after, "panic").await
    }

    async fn give_back(&self, job: &Purge) -> Result<(), StoreError> {
        self.shared.db.purges().retry(job, Duration::ZERO, "stopped").await
    }
}

/// What is not there need not be deleted.
fn gone(deleted: Result<(), PortError>) -> Result<(), PortError> {
    match deleted {
        Err(PortError::NotFound) => Ok(()),
        deleted => deleted,
    }
}

/// Images and recordings never go to the library, so it need not be asked about them.
fn may_be_in_library(job: &FileJob) -> bool {
    job.provider_file_id.is_some()
        || MediaType::find(&job.media_type).is_none_or(MediaType::is_searchable)
}

fn verdict(error: &PortError, attempts: i32, shared: &Shared) -> Verdict {
    judge(error, attempts, shared.settings.pauses)
}

fn tell(error: &PortError) {
    match error {
        PortError::Misconfigured { .. } | PortError::Rejected { .. } => {
            tracing::error!(%error, "something cannot be deleted");
        }
        PortError::Transient { .. } | PortError::NotFound => {
            tracing::warn!(%error, "something could not be deleted now");
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
