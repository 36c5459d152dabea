//! The second half of a file's way: waiting until the provider can search it.

use std::time::Duration;

use ignacio_domain::ports::IndexingStatus;
use ignacio_persistence::FileJob;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{FileSync, Halt};
use crate::queue::Stop;

/// The first pause between two looks; it doubles up to [`LONGEST_LOOK`].
const FIRST_LOOK: Duration = Duration::from_millis(200);
const LONGEST_LOOK: Duration = Duration::from_secs(5);
/// When to look again at a document that takes very long.
const MUCH_LATER: Duration = Duration::from_mins(1);

impl FileSync {
    /// Waits until the document can be searched.
    pub(super) async fn indexed(
        &self,
        job: &FileJob,
        store: &str,
        file: &str,
        stop: &Stop,
        lost: &CancellationToken,
    ) -> Result<(), Halt> {
        let settings = &self.shared.settings;
        let limit = Instant::now() + settings.indexing_limit;
        let mut look = FIRST_LOOK;
        loop {
            match self.shared.ports.library.indexing_status(store, file).await? {
                IndexingStatus::Completed => return Ok(()),
                IndexingStatus::Failed { code } => {
                    return Err(self.refused(store, file, code).await);
                }
                IndexingStatus::InProgress if Instant::now() >= limit => {
                    return Err(Halt::Later(MUCH_LATER));
                }
                IndexingStatus::InProgress => {}
            }
            tokio::select! {
                () = lost.cancelled() => return Err(Halt::Lost),
                () = stop.soon.cancelled() => return Err(Halt::Later(Duration::ZERO)),
                () = tokio::time::sleep(settings.pauses.of(look)) => {}
            }
            look = (look * 2).min(LONGEST_LOOK);
            tracing::trace!(job = %job.id, "not searchable yet");
        }
    }

    /// What it means that the provider could not read a document.
    async fn refused(&self, store: &str, file: &str, code: String) -> Halt {
        if matches!(code.as_str(), "unsupported_file" | "invalid_file") {
            return Halt::Never(code);
        }
        // It stays refused until it is taken out and put in again, which the next try does.
        match self.shared.ports.library.detach_file(store, file).await {
            Ok(()) => Halt::Again(code),
            Err(error) => Halt::Port(error),
        }
    }
}
