//! The last step of a sync: waiting until the provider has indexed the document.

use std::time::Duration;

use ignacio_domain::ports::IndexingStatus;
use tokio::time::Instant;

use super::run::SyncRun;
use crate::jobs::{JobError, doubling};

const FIRST_POLL_DELAY: Duration = Duration::from_millis(200);
const MAX_POLL_DELAY: Duration = Duration::from_secs(5);
/// When a document that takes very long to index is checked again.
const POSTPONED: Duration = Duration::from_mins(1);

impl SyncRun<'_> {
    /// Waits until the document is indexed.
    pub(super) async fn indexed(&self, store: &str, file: &str) -> Result<(), JobError> {
        let limit = Instant::now() + self.context.settings.indexing_timeout;
        for delay in doubling(FIRST_POLL_DELAY, MAX_POLL_DELAY) {
            match self.context.ports.vector_store.indexing_status(store, file).await? {
                IndexingStatus::Completed => return Ok(()),
                IndexingStatus::Failed { code } => {
                    return Err(self.indexing_failed(store, file, code).await);
                }
                IndexingStatus::InProgress if Instant::now() >= limit => break,
                IndexingStatus::InProgress => {}
            }
            tokio::select! {
                () = self.control.lease.lost() => return Err(JobError::LeaseLost),
                () = self.control.shutdown.drain.cancelled() => {
                    return Err(JobError::Postponed(Duration::ZERO));
                }
                () = self.context.backoff.sleep(delay) => {}
            }
        }
        Err(JobError::Postponed(POSTPONED))
    }

    /// Classifies the provider's reason for not indexing a document.
    async fn indexing_failed(&self, store: &str, file: &str, code: String) -> JobError {
        if matches!(code.as_str(), "unsupported_file" | "invalid_file") {
            return JobError::Permanent(code);
        }
        // It stays failed until it is detached and attached again, which the next attempt does.
        match self.context.ports.vector_store.detach_file(store, file).await {
            Ok(()) => JobError::Retryable(code),
            Err(error) => JobError::Port(error),
        }
    }
}
