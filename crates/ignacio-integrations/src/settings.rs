//! What makes settings impossible, found when a client is built and not at its first call.

use std::error::Error;

use reqwest::{Url, header::HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};

/// A client cannot be built from its settings. The text names the setting and never its value.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// Something that must be given is not.
    #[error("{name} is empty")]
    Blank {
        /// The field.
        name: &'static str,
    },
    /// Not the address of a service.
    #[error("{name} is no http:// or https:// address")]
    Address {
        /// The field.
        name: &'static str,
    },
    /// A secret with line breaks or other characters that no header carries.
    #[error("{name} has characters that an HTTP header cannot carry")]
    Header {
        /// The field.
        name: &'static str,
    },
    /// A number outside of what the provider accepts.
    #[error("{name} must be between {least} and {most}")]
    Range {
        /// The field.
        name: &'static str,
        /// The least that is accepted.
        least: u32,
        /// The most that is accepted.
        most: u32,
    },
    /// The HTTP client could not be set up on this machine.
    #[error("the HTTP client could not be set up")]
    Client(#[source] Box<dyn Error + Send + Sync>),
}

/// The base address of a service, without the slash at its end.
pub(crate) fn address(name: &'static str, text: &str) -> Result<String, SettingsError> {
    let trimmed = text.trim_end_matches('/');
    match Url::parse(trimmed) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
            Ok(trimmed.to_owned())
        }
        Ok(_) | Err(_) => Err(SettingsError::Address { name }),
    }
}

/// A text that must not be empty.
pub(crate) fn given(name: &'static str, text: &str) -> Result<(), SettingsError> {
    if text.trim().is_empty() { Err(SettingsError::Blank { name }) } else { Ok(()) }
}

/// The value of `Authorization` for a token, marked so that it is not shown in logs.
pub(crate) fn bearer(
    name: &'static str,
    token: &SecretString,
) -> Result<HeaderValue, SettingsError> {
    given(name, token.expose_secret())?;
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
        assert_eq!(address("base_url", "https://a.example/v1/").unwrap(), "https://a.example/v1");
        for bad in ["", "api.example/v1", "ftp://a.example", "https://"] {
            assert!(address("base_url", bad).is_err(), "{bad}");
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
