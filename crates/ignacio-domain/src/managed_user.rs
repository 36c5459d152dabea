//! Accounts, as the staff look after them.

use time::OffsetDateTime;

use crate::delivery::DeliveryStatus;
use crate::ids::{ErasureId, OtpId, UserId};
use crate::phone::PhoneNumber;
use crate::rate_limit::LOCKOUT_LIMIT;
use crate::redact::debug_only;
use crate::user::{Locale, Role, UserName};

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

debug_only!(ManagedUser { id, role, is_active, locale, unreachable_since, created_at, updated_at });

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

debug_only!(UserChange { locale, role, is_active });

/// Which accounts to list; `None` lets all through.
#[derive(Clone, Default)]
pub struct UserFilter {
    /// Part of the name or of the number, in any case.
    pub text: Option<String>,
    /// Whether they may log in.
    pub is_active: Option<bool>,
    /// What they may do.
    pub role: Option<Role>,
}

debug_only!(UserFilter { is_active, role });

/// How it stands with somebody's logins: their number, or the one of their known devices with which
/// it stands worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoginFailures {
    /// Tries that failed since the last login.
    pub failures: u16,
    /// Until when no more are taken; `None` when they are, and when only the staff end it.
    pub paused_until: Option<OffsetDateTime>,
}

impl LoginFailures {
    /// Whether only the staff let new devices in again.
    pub const fn is_locked(&self) -> bool {
        self.failures >= LOCKOUT_LIMIT
    }
}

/// What became of one of somebody's codes; never the code.
#[derive(Clone, Debug)]
pub struct CodeRecord {
    /// The challenge.
    pub id: OtpId,
    /// When it was asked for.
    pub requested_at: OffsetDateTime,
    /// How far the message has come.
    pub status: DeliveryStatus,
    /// Why it has come no farther: `WhatsApp`'s number of the error, or a word of ours.
    pub reason: Option<String>,
    /// How often the code was tried.
    pub tries: u16,
    /// Whether it was right in the end.
    pub is_used: bool,
    /// When `WhatsApp` took the message.
    pub sent_at: Option<OffsetDateTime>,
    /// When it was on the phone.
    pub delivered_at: Option<OffsetDateTime>,
    /// When the code stops working.
    pub expires_at: OffsetDateTime,
}

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
