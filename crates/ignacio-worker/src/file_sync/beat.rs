//! Keeps a file's lease while its worker is at it.

use super::{CancellationToken, FileJob, FileSync, Infallible};

impl FileSync {
    /// Extends the lease for ever, or says that it is lost.
    pub(super) async fn beat(&self, job: &FileJob, lost: &CancellationToken) -> Infallible {
        let files = self.shared.db.file_jobs();
        loop {
            tokio::time::sleep(self.shared.settings.file_heartbeat).await;
            match files.extend(job).await {
                Ok(true) => {}
                Ok(false) => {
                    lost.cancel();
                    return std::future::pending().await;
                }
                Err(error) => tracing::debug!(%error, "a lease could not be extended"),
            }
        }
    }
}
