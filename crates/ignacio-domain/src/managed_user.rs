//! Users as admins manage them.

use time::OffsetDateTime;

use crate::ids::UserId;
use crate::locale::Locale;
use crate::phone::PhoneNumber;
use crate::redacted_debug::redacted_debug;
use crate::user::{Role, UserName};

/// A user as admins see it.
#[derive(Clone)]
pub struct ManagedUser {
    /// The identifier.
    pub id: UserId,
    /// Where codes are sent; `None` if the number from a legacy system is invalid, so that the user
    /// cannot log in.
    pub phone: Option<PhoneNumber>,
    /// The name.
    pub name: String,
    /// The role.
    pub role: Role,
    /// Whether the user may log in.
    pub is_active: bool,
    /// The language.
    pub locale: Locale,
    /// Since when messages to the number fail because it cannot be reached.
    pub unreachable_since: Option<OffsetDateTime>,
    /// When the user was created.
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

/// What an admin may change about a user; `None` leaves a field as it is. Another number or
/// role, or deactivation, ends all sessions of the user.
#[derive(Clone, Default)]
pub struct UserChange {
    /// Another number. The old and the new number both get a notice.
    pub phone: Option<PhoneNumber>,
    /// A new name.
    pub name: Option<UserName>,
    /// A new language.
    pub locale: Option<Locale>,
    /// A new role.
    pub role: Option<Role>,
    /// Whether the user may log in.
    pub is_active: Option<bool>,
}

redacted_debug!(UserChange { locale, role, is_active });

/// Which users to list; `None` does not filter.
#[derive(Clone, Default)]
pub struct UserFilter {
    /// Part of the name or of the number, ignoring case.
    pub query: Option<String>,
    /// Whether the user may log in.
    pub is_active: Option<bool>,
    /// The role.
    pub role: Option<Role>,
}

redacted_debug!(UserFilter { is_active, role });
