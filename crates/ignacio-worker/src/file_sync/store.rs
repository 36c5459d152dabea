//! One vector store per person, and a file's place in it.

use ignacio_domain::ids::UserId;
use ignacio_domain::ports::{FileAttributes, PortError};
use ignacio_persistence::{FileJob, StoreError};

use super::{FileSync, Halt, library_name, made_since};
use crate::job::insist;

/// How often a store is replaced within one try: once, because a second loss is no accident.
const STORES: usize = 2;

impl FileSync {
    /// Puts the file into its owner's store and says which that is.
    pub(super) async fn attached(&self, job: &FileJob, file: &str) -> Result<String, Halt> {
        let library = &self.shared.ports.library;
        let files = self.shared.db.file_jobs();
        let tags = FileAttributes { owner: job.owner, file: job.id };
        for _ in 0..STORES {
            let store = self.store_of(job.owner).await?;
            match library.attach_file(&store, file, tags).await {
                Ok(()) => return Ok(store),
                Err(PortError::NotFound) if self.is_there(job, file).await? => {
                    // The file is there, so it is the store that is gone.
                    tracing::warn!("a person's store is gone at the provider");
                    files.drop_vector_store(job.owner, &store).await?;
                }
                Err(PortError::NotFound) => {
                    files.clear_upload(job).await?;
                    return Err(Halt::Again("file_lost".to_owned()));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(Halt::Again("store_lost".to_owned()))
    }

    async fn is_there(&self, job: &FileJob, file: &str) -> Result<bool, PortError> {
        let name = library_name(&self.shared.settings.environment, job.id, &job.media_type);
        let copies = self.shared.ports.library.find_files(&name, made_since(job)).await?;
        Ok(copies.iter().any(|copy| copy.id == file))
    }

    /// The person's store, which is made when there is none. Of two that are made at once by two
    /// processes one is recorded; who made the other deletes it.
    async fn store_of(&self, owner: UserId) -> Result<String, Halt> {
        let files = self.shared.db.file_jobs();
        if let Some(store) = files.vector_store(owner).await? {
            return Ok(store);
        }
        let _only_one = self.making_store.lock().await;
        if let Some(store) = files.vector_store(owner).await? {
            return Ok(store);
        }
        let name = format!("ign-{}-{owner}", self.shared.settings.environment);
        let made = self.shared.ports.library.create_store(&name).await?;
        let adopted =
            insist(self.shared.settings.pauses, || files.adopt_vector_store(owner, &made)).await;
        match adopted {
            Ok(store) if store == made => Ok(store),
            Ok(store) => {
                self.discard(&made).await;
                Ok(store)
            }
            Err(error) => {
                // With no answer at all it may have been recorded after all.
                if !matches!(error, StoreError::Unavailable(_)) {
                    self.discard(&made).await;
                }
                Err(error.into())
            }
        }
    }

    async fn discard(&self, store: &str) {
        if let Err(error) = self.shared.ports.library.delete_store(store).await {
            tracing::warn!(%error, store, "a store that nobody uses could not be deleted");
        }
    }
}
