//! The first step of a sync: one copy of the file at the provider, and our record of it.

use ignacio_domain::ports::{PortError, ProviderUpload};
use ignacio_persistence::StoreError;

use super::provider_copy::created_after;
use super::run::SyncRun;
use super::verified_stream::{Verification, verified_stream};
use crate::jobs::JobError;

/// How often damaged bytes are read: the damage may have happened on the way.
const MAX_READS: usize = 2;

impl SyncRun<'_> {
    /// Returns the provider's id of the file, which is uploaded if it was not before.
    pub(super) async fn uploaded(&self) -> Result<String, JobError> {
        if let Some(id) = &self.job.provider_file_id {
            return Ok(id.clone());
        }
        let name = self.provider_name();
        if self.job.attempts > 1
            && let Some(id) = self.adopt(&name).await?
        {
            return Ok(id);
        }
        for _ in 0..MAX_READS {
            if let Some(id) = self.upload(&name).await? {
                return self.record_or_delete(id).await;
            }
        }
        Err(JobError::Permanent("integrity".to_owned()))
    }

    /// Adopts the oldest copy that an earlier attempt uploaded and could not record. It is recorded
    /// before the others are deleted, because only the lease's holder may delete.
    async fn adopt(&self, name: &str) -> Result<Option<String>, JobError> {
        let vector_store = &self.context.ports.vector_store;
        let copies = vector_store.find_files(name, created_after(self.job)).await?;
        let mut copies = copies.into_iter();
        let Some(oldest) = copies.next() else { return Ok(None) };
        if !self.record(&oldest.id).await? {
            return Err(JobError::LeaseLost);
        }
        for copy in copies {
            vector_store.delete_file(&copy.id).await?;
        }
        Ok(Some(oldest.id))
    }

    /// Uploads the file; `None` when its bytes are not those that were received.
    async fn upload(&self, name: &str) -> Result<Option<String>, JobError> {
        let got = self.context.ports.objects.get(&self.job.key, None).await;
        let object = match got {
            Err(PortError::NotFound) => {
                return Err(JobError::Permanent("object_missing".to_owned()));
            }
            got => got?,
        };
        // Without a recorded digest, the recorded size cannot be trusted either.
        if !self.job.sha256.is_empty() && i64::try_from(object.size).ok() != Some(self.job.size) {
            return Ok(None);
        }
        let (content, verifier) = verified_stream(object.bytes, self.job.sha256.clone());
        let upload = ProviderUpload {
            name: name.to_owned(),
            media_type: self.job.media_type.clone(),
            size: object.size,
            content,
        };
        let vector_store = &self.context.ports.vector_store;
        let uploaded = vector_store.upload_file(upload).await;
        match (verifier.verification(), uploaded) {
            (Verification::Intact, uploaded) => Ok(Some(uploaded?)),
            (Verification::Damaged, uploaded) => {
                if let Ok(id) = uploaded {
                    vector_store.delete_file(&id).await?;
                }
                Ok(None)
            }
            // The provider answered before it had received all bytes.
            (Verification::Incomplete, Err(error)) => Err(error.into()),
            (Verification::Incomplete, Ok(id)) => {
                vector_store.delete_file(&id).await?;
                Err(JobError::Retryable("unavailable".to_owned()))
            }
        }
    }

    /// Records an upload, or deletes it when the lease is lost.
    async fn record_or_delete(&self, id: String) -> Result<String, JobError> {
        if self.record(&id).await? {
            return Ok(id);
        }
        self.context.ports.vector_store.delete_file(&id).await?;
        Err(JobError::LeaseLost)
    }

    async fn record(&self, id: &str) -> Result<bool, StoreError> {
        let files = self.context.db.file_jobs();
        self.context.backoff.retry_write(|| files.record_upload(self.job, id)).await
    }
}
