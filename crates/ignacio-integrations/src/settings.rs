//! Checks of settings, made when a client is built and not at its first call.

use std::error::Error;

use reqwest::{Url, header::HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};

/// Why a client cannot be built from its settings. The text names the setting, never its value.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A required setting is empty.
    #[error("{name} is empty")]
    Empty {
        /// The field.
        name: &'static str,
    },
    /// Not the base URL of a service.
    #[error("{name} is not an http:// or https:// address")]
    BaseUrl {
        /// The field.
        name: &'static str,
    },
    /// A secret with line breaks or other characters that a header cannot carry.
    #[error("{name} has characters that an HTTP header cannot carry")]
    Header {
        /// The field.
        name: &'static str,
    },
    /// A number outside the range that the provider accepts.
    #[error("{name} must be between {min} and {max}")]
    Range {
        /// The field.
        name: &'static str,
        /// The smallest accepted value.
        min: u32,
        /// The largest accepted value.
        max: u32,
    },
    /// The HTTP client could not be set up on this machine.
    #[error("the HTTP client could not be set up")]
    Client(#[source] Box<dyn Error + Send + Sync>),
}

/// Checks the base URL of a service and strips its trailing slash.
pub(crate) fn base_url(name: &'static str, text: &str) -> Result<String, SettingsError> {
    let trimmed = text.trim_end_matches('/');
    match Url::parse(trimmed) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
            Ok(trimmed.to_owned())
        }
        Ok(_) | Err(_) => Err(SettingsError::BaseUrl { name }),
    }
}

/// Checks that a text is not empty.
pub(crate) fn require_text(name: &'static str, text: &str) -> Result<(), SettingsError> {
    if text.trim().is_empty() { Err(SettingsError::Empty { name }) } else { Ok(()) }
}

/// The `Authorization` header of a token, marked as sensitive so that it never shows in logs.
pub(crate) fn bearer(
    name: &'static str,
    token: &SecretString,
) -> Result<HeaderValue, SettingsError> {
    require_text(name, token.expose_secret())?;
    let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose_secret()))
        .ok()
        .ok_or(SettingsError::Header { name })?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    //! Wrong settings are named, and their values are not shown.

    use super::*;

    #[test]
    fn an_address_is_http_and_loses_its_last_slash() {
        assert_eq!(base_url("base_url", "https://a.example/v1/").unwrap(), "https://a.example/v1");
        for bad in ["", "api.example/v1", "ftp://a.example", "https://"] {
            assert!(base_url("base_url", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_token_is_not_shown() {
        let header = bearer("api_key", &SecretString::from("sk-secret")).unwrap();
        assert_eq!(header.to_str().unwrap(), "Bearer sk-secret");
        assert!(!format!("{header:?}").contains("sk-secret"));

        let error = bearer("api_key", &SecretString::from("sk-\nsecret")).unwrap_err();
        assert_eq!(error.to_string(), "api_key has characters that an HTTP header cannot carry");
        assert!(bearer("api_key", &SecretString::from("  ")).is_err());
    }
}
