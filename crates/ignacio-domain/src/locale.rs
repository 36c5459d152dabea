//! The languages that Ignacio speaks.

use std::str::FromStr;

use thiserror::Error;

/// The language of a user: Spanish unless something says otherwise.
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
}

/// An unsupported language.
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
