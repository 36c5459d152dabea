//! The first half of a file's way: one copy of it at the provider, and our record of which.

use ignacio_domain::ports::{PortError, ProviderUpload};
use ignacio_persistence::{FileJob, StoreError};

use super::checked::{Finding, checked};
use super::{FileSync, Halt, library_name, made_since};
use crate::job::insist;

/// How often damaged bytes are read: the damage may have happened on the way.
const READS: usize = 2;

impl FileSync {
    /// The provider's id of the file, which is uploaded unless it was before.
    pub(super) async fn uploaded(&self, job: &FileJob) -> Result<String, Halt> {
        if let Some(id) = &job.provider_file_id {
            return Ok(id.clone());
        }
        let name = library_name(&self.shared.settings.environment, job.id, &job.media_type);
        if job.attempts > 1
            && let Some(id) = self.adopt(job, &name).await?
        {
            return Ok(id);
        }
        for _ in 0..READS {
            if let Some(id) = self.upload(job, &name).await? {
                return self.record(job, id).await;
            }
        }
        Err(Halt::Never("integrity".to_owned()))
    }

    /// Takes over what an earlier try uploaded and could not record: the oldest copy. It is
    /// recorded before the others are deleted, because only who can record may delete.
    async fn adopt(&self, job: &FileJob, name: &str) -> Result<Option<String>, Halt> {
        let library = &self.shared.ports.library;
        let mut copies = library.find_files(name, made_since(job)).await?.into_iter();
        let Some(oldest) = copies.next() else { return Ok(None) };
        if !self.noted(job, &oldest.id).await? {
            return Err(Halt::Lost);
        }
        for copy in copies {
            library.delete_file(&copy.id).await?;
        }
        Ok(Some(oldest.id))
    }

    /// Uploads the file; `None` when its bytes are not what they were.
    async fn upload(&self, job: &FileJob, name: &str) -> Result<Option<String>, Halt> {
        let got = self.shared.ports.objects.get(&job.key, None).await;
        let object = match got {
            Err(PortError::NotFound) => return Err(Halt::Never("object_missing".to_owned())),
            got => got?,
        };
        // Where no sum was taken, the size is hearsay, too.
        if !job.sha256.is_empty() && i64::try_from(object.size).ok() != Some(job.size) {
            return Ok(None);
        }
        let (content, check) = checked(object.bytes, job.sha256.clone());
        let upload = ProviderUpload {
            name: name.to_owned(),
            media_type: job.media_type.clone(),
            size: object.size,
            content,
        };
        let sent = self.shared.ports.library.upload_file(upload).await;
        match (check.finding(), sent) {
            (Finding::Intact, sent) => Ok(Some(sent?)),
            (Finding::Damaged, sent) => {
                if let Ok(id) = sent {
                    self.shared.ports.library.delete_file(&id).await?;
                }
                Ok(None)
            }
            // The provider answered before it had everything.
            (Finding::Unread, Err(error)) => Err(error.into()),
            (Finding::Unread, Ok(id)) => {
                self.shared.ports.library.delete_file(&id).await?;
                Err(Halt::Again("unavailable".to_owned()))
            }
        }
    }

    /// Records an upload, or undoes it when the file is no longer ours to sync.
    async fn record(&self, job: &FileJob, id: String) -> Result<String, Halt> {
        if self.noted(job, &id).await? {
            return Ok(id);
        }
        self.shared.ports.library.delete_file(&id).await?;
        Err(Halt::Lost)
    }

    async fn noted(&self, job: &FileJob, id: &str) -> Result<bool, StoreError> {
        let files = self.shared.db.file_jobs();
        insist(self.shared.settings.pauses, || files.record_upload(job, id)).await
    }
}
