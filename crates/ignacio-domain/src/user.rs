//! Users: participants and admins.

use thiserror::Error;
use time::OffsetDateTime;

use crate::ids::UserId;
use crate::locale::Locale;
use crate::phone::PhoneNumber;
use crate::redacted_debug::redacted_debug;

/// What a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Takes part in the programme.
    Participant,
    /// Runs the programme.
    Admin,
}

impl Role {
    /// The word for it in JSON and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Participant => "participant",
            Self::Admin => "admin",
        }
    }
}

/// The longest name of a user, in characters.
pub const MAX_NAME_CHARS: usize = 120;

/// A user's name: trimmed, 1 to [`MAX_NAME_CHARS`] characters, no control characters.
#[derive(Clone, PartialEq, Eq)]
pub struct UserName(String);

redacted_debug!(UserName);

/// A text that is not a valid name.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("a name has 1 to {MAX_NAME_CHARS} characters and no control characters")]
pub struct NameError;

impl UserName {
    /// Trims and checks a name.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let name = text.trim();
        let n_chars = name.chars().count();
        if n_chars == 0 || n_chars > MAX_NAME_CHARS || name.chars().any(char::is_control) {
            return Err(NameError);
        }
        Ok(Self(name.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A user.
#[derive(Clone)]
pub struct User {
    /// The identifier.
    pub id: UserId,
    /// Where codes are sent.
    pub phone: PhoneNumber,
    /// The name.
    pub name: String,
    /// The role.
    pub role: Role,
    /// The language.
    pub locale: Locale,
    /// Whether replies may search the web, if the deployment allows it.
    pub web_search: bool,
    /// When the user was created.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
}

redacted_debug!(User { id, role, locale, web_search, created_at, updated_at });

/// What users may change about themselves; `None` leaves a field as it is.
#[derive(Clone, Default)]
pub struct ProfileChange {
    /// A new name.
    pub name: Option<UserName>,
    /// A new language.
    pub locale: Option<Locale>,
    /// Whether the web may be searched.
    pub web_search: Option<bool>,
}

redacted_debug!(ProfileChange { locale, web_search });

#[cfg(test)]
mod tests {
    //! Names are trimmed and bounded.

    use super::*;

    #[test]
    fn names_are_trimmed_and_bounded() {
        assert_eq!(UserName::parse("  Ana María ").unwrap().as_str(), "Ana María");
        for bad in ["", "   ", "a\nb", &"x".repeat(MAX_NAME_CHARS + 1)] {
            assert_eq!(UserName::parse(bad), Err(NameError), "{bad}");
        }
    }
}
