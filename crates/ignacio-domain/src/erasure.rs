//! The erasure of a user and of all their data.

use time::OffsetDateTime;

use crate::ids::{ErasureId, UserId};

/// The erasure of a user: what was deleted at once, and what is still stored elsewhere.
#[derive(Clone, Debug)]
pub struct Erasure {
    /// The identifier.
    pub id: ErasureId,
    /// The erased user.
    pub user_id: UserId,
    /// Deleted conversations.
    pub n_conversations: i64,
    /// Deleted messages.
    pub n_messages: i64,
    /// Deleted files.
    pub n_files: i64,
    /// Objects in the object store that are still to be deleted.
    pub n_objects_left: i64,
    /// Files, vector stores and responses at the provider that are still to be deleted.
    pub n_provider_items_left: i64,
    /// When the user was erased.
    pub created_at: OffsetDateTime,
}

impl Erasure {
    /// Whether everything is deleted everywhere.
    pub const fn is_done(&self) -> bool {
        self.n_objects_left == 0 && self.n_provider_items_left == 0
    }
}
