//! Brings documents into the provider's library, once each, whatever dies on the way.
//!
//! The provider's creates cannot be made idempotent, so the protocol is ours: a name that can be
//! searched for, a lease with a fencing epoch on the row, and a record of each step as soon as it
//! is done. Whoever takes a file over goes on where the record ends.

mod beat;
mod checked;
mod indexing;
mod store;
mod upload;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ignacio_domain::file::MediaType;
use ignacio_domain::ids::FileId;
use ignacio_domain::ports::PortError;
use ignacio_domain::sync::MAX_ATTEMPTS;
use ignacio_persistence::{FileJob, StoreError};
use time::OffsetDateTime;
use tokio::sync::{Mutex, Notify};
use tokio_util::sync::CancellationToken;

use crate::Shared;
use crate::job::{self, Verdict, insist, judge};
use crate::queue::{Queue, Stop};

/// The provider's clock and ours may differ by this much when files are searched by age.
const CLOCK_MARGIN: time::Duration = time::Duration::hours(1);

/// The files that wait for the provider's library.
pub(crate) struct FileSync {
    shared: Arc<Shared>,
    bell: Notify,
    /// Held while a store is made, so that parallel first uploads of a person make one.
    making_store: Mutex<()>,
}

/// Why a file did not get to the end.
#[derive(Debug)]
enum Halt {
    /// The lease is lost: somebody else has the file, or it was deleted.
    Lost,
    /// The file goes back to the queue; the try does not count.
    Later(Duration),
    /// Something went wrong that may go right next time.
    Again(String),
    /// This file will never get there.
    Never(String),
    /// The outside failed.
    Port(PortError),
    /// The database failed.
    Store(StoreError),
}

impl From<PortError> for Halt {
    fn from(error: PortError) -> Self {
        Self::Port(error)
    }
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl FileSync {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, bell: Notify::new(), making_store: Mutex::new(()) }
    }

    async fn sync(&self, job: &FileJob, stop: &Stop, lost: &CancellationToken) -> Result<(), Halt> {
        if job.attempts > MAX_ATTEMPTS {
            return Err(Halt::Never("too_many_tries".to_owned()));
        }
        let file = self.uploaded(job).await?;
        let store = self.attached(job, &file).await?;
        self.indexed(job, &store, &file, stop, lost).await?;
        let files = self.shared.db.file_jobs();
        if insist(self.shared.settings.pauses, || files.complete(job, &store)).await? {
            Ok(())
        } else {
            Err(Halt::Lost)
        }
    }

    /// Records what became of a file.
    async fn settle(&self, job: &FileJob, end: Result<(), Halt>) -> Result<(), StoreError> {
        let files = self.shared.db.file_jobs();
        let pauses = self.shared.settings.pauses;
        let verdict = match end {
            Ok(()) => {
                count("synced");
                return Ok(());
            }
            Err(Halt::Lost) => {
                count("lost");
                // When it was deleted the lease is ours still: nobody has to wait for its end.
                return files.postpone(job, Duration::ZERO).await.map(|_| ());
            }
            Err(Halt::Store(error)) => return Err(error),
            Err(Halt::Later(after)) => Verdict::Postpone { after },
            Err(Halt::Again(error)) => job::again(&error, job.attempts, None, pauses),
            Err(Halt::Never(error)) => Verdict::GiveUp { error },
            Err(Halt::Port(error)) => {
                tell(&error);
                judge(&error, job.attempts, pauses)
            }
        };
        match verdict {
            Verdict::Retry { after, error } => {
                count("retried");
                insist(pauses, || files.retry(job, after, &error)).await?;
            }
            Verdict::Postpone { after } => {
                count("postponed");
                insist(pauses, || files.postpone(job, after)).await?;
            }
            Verdict::GiveUp { error } => {
                tracing::warn!(%error, "a file cannot be synced");
                count("failed");
                insist(pauses, || files.fail(job, &error)).await?;
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Queue for FileSync {
    type Job = FileJob;

    fn name(&self) -> &'static str {
        "files"
    }

    fn at_once(&self) -> usize {
        self.shared.settings.files_at_once
    }

    fn bell(&self) -> &Notify {
        &self.bell
    }

    async fn claim(&self, room: usize) -> Result<Vec<FileJob>, StoreError> {
        self.shared.db.file_jobs().claim(u32::try_from(room).unwrap_or(u32::MAX)).await
    }

    #[tracing::instrument(
        name = "work.file_sync",
        skip_all,
        fields(file = %job.id, attempts = job.attempts)
    )]
    async fn work(&self, job: &FileJob, stop: &Stop) -> Result<(), StoreError> {
        let lost = CancellationToken::new();
        let end = tokio::select! {
            end = self.sync(job, stop, &lost) => end,
            never = self.beat(job, &lost) => match never {},
        };
        self.settle(job, end).await
    }

    async fn crashed(&self, job: &FileJob) -> Result<(), StoreError> {
        self.settle(job, Err(Halt::Again("panic".to_owned()))).await
    }

    async fn give_back(&self, job: &FileJob) -> Result<(), StoreError> {
        self.shared.db.file_jobs().postpone(job, Duration::ZERO).await.map(|_| ())
    }
}

/// What a file is called at the provider: enough to find it again, and the ending by which the
/// provider chooses how to read it. People see the file's own name, which stays with us.
pub(crate) fn library_name(environment: &str, file: FileId, media_type: &str) -> String {
    let usual = MediaType::find(media_type).and_then(|it| it.extensions.first().copied());
    format!("ign-{environment}-{file}.{}", usual.unwrap_or("bin"))
}

/// From when on a file of ours may have been made at the provider.
pub(crate) fn made_since(job: &FileJob) -> OffsetDateTime {
    job.created_at - CLOCK_MARGIN
}

/// Reports an error of the outside, loudly when somebody of ours must act.
fn tell(error: &PortError) {
    if matches!(error, PortError::Misconfigured { .. }) {
        tracing::error!(%error, "files cannot be synced");
    } else {
        tracing::warn!(%error, "a file could not be synced now");
    }
}

fn count(outcome: &'static str) {
    metrics::counter!("files_synced_total", "outcome" => outcome).increment(1);
}

#[cfg(test)]
mod tests {
    //! Names at the provider.

    use super::*;

    #[test]
    fn a_name_at_the_provider_is_fixed_by_the_file_and_its_type() {
        let file: FileId = "0190b6a8-2222-7000-8000-000000000001".parse().unwrap();
        assert_eq!(
            library_name("prod", file, "application/pdf"),
            "ign-prod-0190b6a8-2222-7000-8000-000000000001.pdf"
        );
        assert!(library_name("prod", file, "text/plain").contains(".txt"));
        assert!(library_name("prod", file, "x/y").contains(".bin"));
    }
}
