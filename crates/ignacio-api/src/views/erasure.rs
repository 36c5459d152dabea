//! Erasures of users.

use ignacio_domain::erasure::Erasure;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// The state of an erasure.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ErasureState)]
pub(crate) enum ErasureStateView {
    /// Something outside the database is still to be removed.
    Pending,
    /// Nothing is left anywhere.
    Done,
}

/// The erasure of a user: what was deleted at once, and what is left outside the database.
#[derive(Serialize, ToSchema)]
#[schema(as = Erasure)]
pub(crate) struct ErasureView {
    id: Uuid,
    /// The erased user.
    user_id: Uuid,
    state: ErasureStateView,
    /// Deleted conversations.
    conversations: i64,
    /// Deleted messages.
    messages: i64,
    /// Deleted files.
    files: i64,
    /// Objects that are still in the object store.
    objects_left: i64,
    /// Files, vector stores and responses that the provider still holds.
    provider_items_left: i64,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

impl From<Erasure> for ErasureView {
    fn from(erasure: Erasure) -> Self {
        let state =
            if erasure.is_done() { ErasureStateView::Done } else { ErasureStateView::Pending };
        Self {
            id: erasure.id.into_uuid(),
            user_id: erasure.user_id.into_uuid(),
            state,
            conversations: erasure.n_conversations,
            messages: erasure.n_messages,
            files: erasure.n_files,
            objects_left: erasure.n_objects_left,
            provider_items_left: erasure.n_provider_items_left,
            created_at: erasure.created_at,
        }
    }
}
