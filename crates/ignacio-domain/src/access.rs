//! Grants to look into somebody's conversations, and what the person sees of it.

use thiserror::Error;
use time::OffsetDateTime;

use crate::audit::AuditAction;
use crate::ids::{AuditEventId, GrantId, UserId};
use crate::redacted_debug::redacted_debug;

/// The longest reason, in characters.
pub const MAX_REASON_CHARS: usize = 500;
/// The shortest one: a sentence that the person can understand, not a word.
pub const MIN_REASON_CHARS: usize = 10;

/// Why somebody of the staff looks into conversations: two words at least, and
/// [`MIN_REASON_CHARS`] to [`MAX_REASON_CHARS`] characters, on one line. The person reads it.
#[derive(Clone, PartialEq, Eq)]
pub struct GrantReason(String);

redacted_debug!(GrantReason);

/// Why a text is no reason.
#[derive(Debug, Error, PartialEq, Eq)]
#[error(
    "a reason has {MIN_REASON_CHARS} to {MAX_REASON_CHARS} characters and at least two words: the person will read it"
)]
pub struct ReasonError;

impl GrantReason {
    /// Trims and checks a reason.
    pub fn parse(text: &str) -> Result<Self, ReasonError> {
        let reason = text.trim();
        let n_chars = reason.chars().count();
        let is_long_enough = (MIN_REASON_CHARS..=MAX_REASON_CHARS).contains(&n_chars);
        let n_words = reason.split_whitespace().filter(|it| it.chars().any(char::is_alphanumeric));
        if !is_long_enough || n_words.count() < 2 || reason.chars().any(char::is_control) {
            return Err(ReasonError);
        }
        Ok(Self(reason.to_owned()))
    }

    /// The reason as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Half an hour in which one of the staff may read one person's conversations.
#[derive(Clone)]
pub struct AccessGrant {
    /// Which one it is.
    pub id: GrantId,
    /// Who may read.
    pub admin: UserId,
    /// Whose conversations.
    pub user: UserId,
    /// Why.
    pub reason: String,
    /// From when.
    pub created_at: OffsetDateTime,
    /// Until when.
    pub expires_at: OffsetDateTime,
}

redacted_debug!(AccessGrant { id, admin, user, created_at, expires_at });

/// Something that the staff did with a person's data, as the person sees it.
#[derive(Clone)]
pub struct AccessLogEntry {
    /// Which event it is.
    pub id: AuditEventId,
    /// What was done.
    pub action: AuditAction,
    /// Who did it, by the name of that time.
    pub actor_name: Option<String>,
    /// The conversation, session, file or grant, where it was about one.
    pub target: Option<uuid::Uuid>,
    /// The reason that was given.
    pub reason: Option<String>,
    /// When.
    pub created_at: OffsetDateTime,
}

redacted_debug!(AccessLogEntry { id, action, target, created_at });

#[cfg(test)]
mod tests {
    //! A reason is something that a person can understand.

    use super::*;

    #[test]
    fn reasons_have_words() {
        let good = GrantReason::parse("  Pidió ayuda con su plan de negocio ").unwrap();
        assert_eq!(good.as_str(), "Pidió ayuda con su plan de negocio");
        let long = "pa ".repeat(MAX_REASON_CHARS);
        for bad in [
            "",
            "   ",
            "soporte",
            "soportetécnico",
            "a b",
            "… … … … … …",
            "dos\nlíneas aquí",
            &long,
        ] {
            assert_eq!(GrantReason::parse(bad), Err(ReasonError), "{bad}");
        }
    }
}
