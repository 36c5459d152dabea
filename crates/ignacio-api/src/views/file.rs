//! Files, as their owner sees them.

use ignacio_domain::file::StoredFile;
use ignacio_domain::sync::SyncStatus;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// The state of a file's copy in the library that replies can quote from.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SyncStatus)]
pub(crate) enum SyncStatusView {
    Pending,
    Syncing,
    Synced,
    Failed,
    Expired,
    /// Images and recordings are never copied there.
    NotApplicable,
}

impl From<Option<SyncStatus>> for SyncStatusView {
    fn from(status: Option<SyncStatus>) -> Self {
        match status {
            Some(SyncStatus::Pending) => Self::Pending,
            Some(SyncStatus::Syncing) => Self::Syncing,
            Some(SyncStatus::Synced) => Self::Synced,
            Some(SyncStatus::Failed) => Self::Failed,
            Some(SyncStatus::Expired) => Self::Expired,
            None => Self::NotApplicable,
        }
    }
}

/// The sync of a file to the library.
#[derive(Serialize, ToSchema)]
#[schema(as = Sync)]
pub(crate) struct SyncView {
    status: SyncStatusView,
    /// The number of attempts.
    attempts: i32,
    /// A stable code of the last error.
    #[schema(required)]
    error: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
}

/// A stored file.
#[derive(Serialize, ToSchema)]
#[schema(as = File)]
pub(crate) struct FileView {
    id: Uuid,
    name: String,
    /// The media type, detected from the content.
    media_type: String,
    /// In bytes.
    size: i64,
    /// SHA-256 of the bytes, in hex; null for files imported from the old system.
    #[schema(required)]
    sha256: Option<String>,
    sync: SyncView,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
}

impl From<StoredFile> for FileView {
    fn from(file: StoredFile) -> Self {
        Self {
            id: file.id.into_uuid(),
            name: file.name,
            media_type: file.media_type,
            size: file.size,
            sha256: file.sha256,
            sync: SyncView {
                status: file.sync.status.into(),
                attempts: file.sync.attempts,
                error: file.sync.error,
                updated_at: file.updated_at,
            },
            created_at: file.created_at,
            updated_at: file.updated_at,
        }
    }
}
