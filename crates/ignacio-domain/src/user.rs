//! People: participants and staff.

use std::str::FromStr;

use thiserror::Error;
use time::OffsetDateTime;

use crate::ids::UserId;
use crate::phone::PhoneNumber;
use crate::redact::debug_only;

/// The language in which a person is spoken to. Spanish unless something says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Locale {
    /// Spanish.
    #[default]
    Es,
    /// English.
    En,
}

impl Locale {
    /// The two-letter code, as stored and as sent to WhatsApp.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Es => "es",
            Self::En => "en",
        }
    }

    /// The best supported language of an `Accept-Language` value (RFC 9110, 12.5.4); `None` when
    /// it names none of ours.
    pub fn negotiate(accept_language: &str) -> Option<Self> {
        let mut best: Option<(f32, Self)> = None;
        for entry in accept_language.split(',') {
            let mut parts = entry.split(';');
            let tag = parts.next().unwrap_or_default().trim();
            let primary = tag.split('-').next().unwrap_or_default();
            let Ok(locale) = primary.to_ascii_lowercase().parse::<Self>() else { continue };
            let quality = parts
                .find_map(|part| part.trim().strip_prefix("q=")?.parse::<f32>().ok())
                .unwrap_or(1.0);
            if quality > 0.0 && best.is_none_or(|(so_far, _)| quality > so_far) {
                best = Some((quality, locale));
            }
        }
        best.map(|(_, locale)| locale)
    }
}

/// A language that Ignacio does not speak.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("the languages are es and en")]
pub struct UnknownLocale;

impl FromStr for Locale {
    type Err = UnknownLocale;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "es" => Ok(Self::Es),
            "en" => Ok(Self::En),
            _ => Err(UnknownLocale),
        }
    }
}

/// What a person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Takes part in the programme.
    Participant,
    /// Looks after the programme.
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

/// The longest name of a person, in characters.
pub const MAX_NAME_CHARS: usize = 120;

/// A person's name: trimmed, 1 to [`MAX_NAME_CHARS`] characters, no control characters.
#[derive(Clone, PartialEq, Eq)]
pub struct UserName(String);

debug_only!(UserName {});

/// Why a text is no name.
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

/// A person as the service knows them.
#[derive(Clone)]
pub struct User {
    /// Who it is.
    pub id: UserId,
    /// Where codes are sent.
    pub phone: PhoneNumber,
    /// How they are called.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// How they are spoken to.
    pub locale: Locale,
    /// Whether the web may be searched for their replies, where the deployment allows it.
    pub web_search: bool,
    /// When the account was made.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
}

debug_only!(User { id, role, locale, web_search, created_at, updated_at });

/// What a person may change about themselves; `None` leaves a thing as it is.
#[derive(Clone, Default)]
pub struct ProfileChange {
    /// A new name.
    pub name: Option<UserName>,
    /// A new language.
    pub locale: Option<Locale>,
    /// Whether the web may be searched.
    pub web_search: Option<bool>,
}

debug_only!(ProfileChange { locale, web_search });

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests {
    //! Languages are negotiated as RFC 9110 says; names are bounded.

    use super::*;

    #[test]
    fn the_best_supported_language_wins() {
        assert_eq!(Locale::negotiate("es-CO,es;q=0.9,en;q=0.8"), Some(Locale::Es));
        assert_eq!(Locale::negotiate("fr, en;q=0.5"), Some(Locale::En));
        assert_eq!(Locale::negotiate("es;q=0.2, en-GB;q=0.7"), Some(Locale::En));
        assert_eq!(Locale::negotiate("fr, de"), None);
        assert_eq!(Locale::negotiate("es;q=0"), None);
        assert_eq!(Locale::negotiate(";;q=,,"), None);
    }

    #[test]
    fn names_are_trimmed_and_bounded() {
        assert_eq!(UserName::parse("  Ana María ").unwrap().as_str(), "Ana María");
        for bad in ["", "   ", "a\nb", &"x".repeat(MAX_NAME_CHARS + 1)] {
            assert_eq!(UserName::parse(bad), Err(NameError), "{bad}");
        }
    }
}
