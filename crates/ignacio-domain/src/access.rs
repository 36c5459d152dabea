//! Grants to read a user's conversations, and the access log that the user sees.

use thiserror::Error;
use time::OffsetDateTime;

use crate::audit::AuditAction;
use crate::ids::{AuditEventId, GrantId, UserId};
use crate::redacted_debug::redacted_debug;

/// The longest reason, in characters.
pub const MAX_REASON_CHARS: usize = 500;
/// The shortest reason: a sentence that the user can understand, not a word.
pub const MIN_REASON_CHARS: usize = 10;

/// Why an admin reads conversations: at least two words, and
/// [`MIN_REASON_CHARS`] to [`MAX_REASON_CHARS`] characters, on one line. The user sees it.
#[derive(Clone, PartialEq, Eq)]
pub struct GrantReason(String);

redacted_debug!(GrantReason);

/// A text that is not a valid reason.
#[derive(Debug, Error, PartialEq, Eq)]
#[error(
    "a reason has {MIN_REASON_CHARS} to {MAX_REASON_CHARS} characters and at least two words: the user will read it"
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

/// Permission for one admin to read one user's conversations, for half an hour.
#[derive(Clone)]
pub struct AccessGrant {
    /// The identifier.
    pub id: GrantId,
    /// The admin who may read.
    pub admin: UserId,
    /// The user whose conversations they are.
    pub user: UserId,
    /// The reason.
    pub reason: String,
    /// When the grant was created.
    pub created_at: OffsetDateTime,
    /// When the grant ends.
    pub expires_at: OffsetDateTime,
}

redacted_debug!(AccessGrant { id, admin, user, created_at, expires_at });

/// Something that an admin did with a user's data, as the user sees it.
#[derive(Clone)]
pub struct AccessLogEntry {
    /// The event.
    pub id: AuditEventId,
    /// What was done.
    pub action: AuditAction,
    /// The actor's name at that time.
    pub actor_name: Option<String>,
    /// The conversation, session, file or grant, if the action concerned one.
    pub target: Option<uuid::Uuid>,
    /// The reason that was given.
    pub reason: Option<String>,
    /// When it happened.
    pub created_at: OffsetDateTime,
}

redacted_debug!(AccessLogEntry { id, action, target, created_at });

#[cfg(test)]
mod tests {
    //! A reason is a sentence that the user can understand.

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
