//! Files, as their owner sees them.

use ignacio_domain::file::StoredFile;
use ignacio_domain::sync::SyncStatus;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// How far a file is on its way into the library that replies can quote from.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SyncStatus)]
pub(crate) enum SyncStatusView {
    Pending,
    Syncing,
    Synced,
    Failed,
    Expired,
    /// Pictures and recordings never go there.
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

/// A file's way into the library.
#[derive(Serialize, ToSchema)]
#[schema(as = Sync)]
pub(crate) struct SyncView {
    status: SyncStatusView,
    /// How often it was tried.
    attempts: i32,
    /// A stable word for what went wrong last.
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
    /// Decided by content.
    media_type: String,
    /// Bytes.
    size: i64,
    /// SHA-256 of the bytes, in hex; null for files from before sums were taken.
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
