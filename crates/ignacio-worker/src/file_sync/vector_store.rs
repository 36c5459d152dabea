//! The second step of a sync: attaching the file to its owner's vector store.

use ignacio_domain::ids::UserId;
use ignacio_domain::ports::{FileAttributes, PortError};
use ignacio_persistence::StoreError;

use super::provider_copy::created_after;
use super::run::SyncRun;
use crate::jobs::JobError;

/// How many stores are tried: a second loss is no accident.
const MAX_STORES: usize = 2;

impl SyncRun<'_> {
    /// Attaches the file to its owner's store, and returns the store's id.
    pub(super) async fn attached(&self, file: &str) -> Result<String, JobError> {
        let files = self.context.db.file_jobs();
        let attributes = FileAttributes { owner: self.job.owner, file: self.job.id };
        for _ in 0..MAX_STORES {
            let store = self.store_of(self.job.owner).await?;
            match self.context.ports.vector_store.attach_file(&store, file, attributes).await {
                Ok(()) => return Ok(store),
                Err(PortError::NotFound) if self.exists(file).await? => {
                    // The file exists, so it is the store that is missing.
                    tracing::warn!("a user's vector store is missing at the provider");
                    files.drop_vector_store(self.job.owner, &store).await?;
                }
                Err(PortError::NotFound) => {
                    files.clear_upload(self.job).await?;
                    return Err(JobError::Retryable("file_lost".to_owned()));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(JobError::Retryable("store_lost".to_owned()))
    }

    async fn exists(&self, file: &str) -> Result<bool, PortError> {
        let vector_store = &self.context.ports.vector_store;
        let copies =
            vector_store.find_files(&self.provider_name(), created_after(self.job)).await?;
        Ok(copies.iter().any(|copy| copy.id == file))
    }

    /// The user's store, which is created if there is none. If two processes create one at the same
    /// time, one is recorded, and the other's creator deletes it.
    async fn store_of(&self, owner: UserId) -> Result<String, JobError> {
        let files = self.context.db.file_jobs();
        if let Some(store) = files.vector_store(owner).await? {
            return Ok(store);
        }
        let _only_one = self.creating_store.lock().await;
        if let Some(store) = files.vector_store(owner).await? {
            return Ok(store);
        }
        let name = format!("ign-{}-{owner}", self.context.settings.environment);
        let created = self.context.ports.vector_store.create_store(&name).await?;
        let backoff = &self.context.backoff;
        match backoff.retry_write(|| files.adopt_vector_store(owner, &created)).await {
            Ok(store) if store == created => Ok(store),
            Ok(store) => {
                self.discard(&created).await;
                Ok(store)
            }
            Err(error) => {
                // The response may be lost although the store was recorded.
                if !matches!(error, StoreError::Unavailable(_)) {
                    self.discard(&created).await;
                }
                Err(error.into())
            }
        }
    }

    async fn discard(&self, store: &str) {
        if let Err(error) = self.context.ports.vector_store.delete_store(store).await {
            tracing::warn!(%error, store, "an unused vector store could not be deleted");
        }
    }
}
