//! What the steps of a sync share.

use ignacio_persistence::FileJob;
use tokio::sync::Mutex;

use super::provider_copy::provider_file_name;
use crate::context::WorkerContext;
use crate::jobs::JobControl;

/// One run of a file's sync.
pub(super) struct SyncRun<'r> {
    pub(super) context: &'r WorkerContext,
    pub(super) job: &'r FileJob,
    pub(super) control: &'r JobControl,
    /// Held while a store is created, so that parallel first uploads of a user create only one.
    pub(super) creating_store: &'r Mutex<()>,
}

impl SyncRun<'_> {
    /// The file's name at the provider.
    pub(super) fn provider_name(&self) -> String {
        let environment = &self.context.settings.environment;
        provider_file_name(environment, self.job.id, &self.job.media_type)
    }
}
