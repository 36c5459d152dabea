//! Accounts, as the staff look after them.

use time::OffsetDateTime;

use crate::ids::{ErasureId, UserId};
use crate::person::{Locale, PersonName, Role};
use crate::phone::PhoneNumber;

/// A person's account as the staff see it.
#[derive(Clone, Debug)]
pub struct Account {
    /// Whose it is.
    pub id: UserId,
    /// Where codes are sent; `None` where what an older system stored is no number, so that nobody
    /// can log in with it.
    pub phone: Option<PhoneNumber>,
    /// How they are called.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Whether they may log in.
    pub is_active: bool,
    /// How they are spoken to.
    pub locale: Locale,
    /// When the account was made.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
}

/// What the staff may change about somebody else; `None` leaves a thing as it is. Another role, and
/// the end of being active, end all sessions of the person.
#[derive(Clone, Debug, Default)]
pub struct AccountChange {
    /// A number, where what an older system stored is none. Real ones stay with their account.
    pub phone: Option<PhoneNumber>,
    /// A new name.
    pub name: Option<PersonName>,
    /// A new language.
    pub locale: Option<Locale>,
    /// Another role.
    pub role: Option<Role>,
    /// Whether they may log in.
    pub is_active: Option<bool>,
}

/// Which accounts to list; `None` lets all through.
#[derive(Clone, Debug, Default)]
pub struct AccountFilter {
    /// Part of the name or of the number, in any case.
    pub text: Option<String>,
    /// Whether they may log in.
    pub is_active: Option<bool>,
    /// What they may do.
    pub role: Option<Role>,
}

/// The removal of a person: what went at once, and what still lies elsewhere.
#[derive(Clone, Debug)]
pub struct Erasure {
    /// Which one it is.
    pub id: ErasureId,
    /// Who was removed.
    pub person: UserId,
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
