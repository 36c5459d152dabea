//! The languages that Ignacio speaks.

use std::str::FromStr;

use thiserror::Error;

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

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests {
    //! Languages are negotiated as RFC 9110 says.

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
}
