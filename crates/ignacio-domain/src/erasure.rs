//! The erasure of a user and of all their data.

use time::OffsetDateTime;

use crate::ids::{ErasureId, UserId};

/// The removal of a person: what went at once, and what still lies elsewhere.
#[derive(Clone, Debug)]
pub struct Erasure {
    /// Which one it is.
    pub id: ErasureId,
    /// Who was removed.
    pub user_id: UserId,
    /// Conversations that went.
    pub n_conversations: i64,
    /// Messages that went.
    pub n_messages: i64,
    /// Files that went.
    pub n_files: i64,
    /// Bytes in the object store that are still to be removed, in objects.
    pub n_objects_left: i64,
    /// Files, stores and replies at the provider that are still to be removed.
    pub n_provider_items_left: i64,
    /// When the person was removed.
    pub created_at: OffsetDateTime,
}

impl Erasure {
    /// Whether nothing is left anywhere.
    pub const fn is_done(&self) -> bool {
        self.n_objects_left == 0 && self.n_provider_items_left == 0
    }
}
