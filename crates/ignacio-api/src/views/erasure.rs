//! Receipts of removals.

use ignacio_domain::erasure::Erasure;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// How far a removal is.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ErasureState)]
pub(crate) enum ErasureStateView {
    /// Something is still to be removed outside the database.
    Pending,
    /// Nothing is left anywhere.
    Done,
}

/// The removal of a person: what went at once, and what is still left elsewhere.
#[derive(Serialize, ToSchema)]
#[schema(as = Erasure)]
pub(crate) struct ErasureView {
    id: Uuid,
    /// Who was removed.
    user_id: Uuid,
    state: ErasureStateView,
    /// Conversations that went.
    conversations: i64,
    /// Messages that went.
    messages: i64,
    /// Files that went.
    files: i64,
    /// Objects that are still in the store.
    objects_left: i64,
    /// Files, stores and replies that the provider still has.
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
