//! Accounts, as the staff look after them.

use time::OffsetDateTime;

use crate::ids::UserId;
use crate::locale::Locale;
use crate::phone::PhoneNumber;
use crate::redacted_debug::redacted_debug;
use crate::user::{Role, UserName};

/// A person's account as the staff see it.
#[derive(Clone)]
pub struct ManagedUser {
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
    /// Since when the number is not on WhatsApp, as far as was seen.
    pub unreachable_since: Option<OffsetDateTime>,
    /// When the account was made.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
}

redacted_debug!(ManagedUser {
    id,
    role,
    is_active,
    locale,
    unreachable_since,
    created_at,
    updated_at
});

/// What the staff may change about somebody else; `None` leaves a thing as it is. Another number or
/// role, and the end of being active, end all sessions of the person.
#[derive(Clone, Default)]
pub struct UserChange {
    /// Another number. Whoever had it and whoever has it now are told.
    pub phone: Option<PhoneNumber>,
    /// A new name.
    pub name: Option<UserName>,
    /// A new language.
    pub locale: Option<Locale>,
    /// Another role.
    pub role: Option<Role>,
    /// Whether they may log in.
    pub is_active: Option<bool>,
}

redacted_debug!(UserChange { locale, role, is_active });

/// Which accounts to list; `None` lets all through.
#[derive(Clone, Default)]
pub struct UserFilter {
    /// Part of the name or of the number, in any case.
    pub query: Option<String>,
    /// Whether they may log in.
    pub is_active: Option<bool>,
    /// What they may do.
    pub role: Option<Role>,
}

redacted_debug!(UserFilter { is_active, role });
