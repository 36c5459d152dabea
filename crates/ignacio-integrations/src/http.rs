//! The HTTP client for OpenAI and WhatsApp, and what its failures mean.

use std::time::Duration;

use ignacio_domain::{error_chain, ports::PortError};
use reqwest::{
    Client, Response,
    header::{HeaderMap, RETRY_AFTER},
    redirect::{Action, Attempt, Policy},
};
use rustls::crypto::{CryptoProvider, ring};
use serde_json::Value;

use crate::settings::SettingsError;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const IDLE_CONNECTION: Duration = Duration::from_mins(1);
const MAX_REDIRECTS: usize = 3;
/// The most that is read of a short response, such as an error object.
const MAX_JSON_BYTES: usize = 64 * 1024;
const USER_AGENT: &str = concat!("ignacio/", env!("CARGO_PKG_VERSION"));

/// Installs *ring* as the crypto provider of every TLS connection of this process. May be called
/// repeatedly and from any thread.
pub fn install_crypto() {
    if CryptoProvider::get_default().is_none() {
        // If another thread wins the race, it installs the same provider.
        let _already_installed = ring::default_provider().install_default();
    }
}

/// A client that waits `read_timeout` for the head of a response and for each further chunk of it,
/// follows redirects within the same origin only, and never sends a request twice.
#[expect(clippy::disallowed_methods, reason = "this is the one place that builds clients")]
pub(crate) fn client(read_timeout: Duration) -> Result<Client, SettingsError> {
    install_crypto();
    Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(read_timeout)
        .pool_idle_timeout(IDLE_CONNECTION)
        .redirect(Policy::custom(within_origin))
        .retry(reqwest::retry::never())
        .build()
        .map_err(|error| SettingsError::Client(error.into()))
}

/// Another host must not get what is meant for this one, so such a redirect is the final response.
fn within_origin(attempt: Attempt<'_>) -> Action {
    let n_before = attempt.previous().len();
    let stays =
        attempt.previous().first().is_some_and(|first| first.origin() == attempt.url().origin());
    if stays && n_before <= MAX_REDIRECTS { attempt.follow() } else { attempt.stop() }
}

/// Maps a missing or incomplete response.
pub(crate) fn connection_error(error: reqwest::Error) -> PortError {
    let is_ours = error.is_builder();
    let reason = error_chain(&error.without_url());
    if is_ours {
        PortError::Misconfigured { code: "bad_request_settings".to_owned(), reason }
    } else {
        PortError::Transient { retry_after: None, reason }
    }
}

/// The body of a short response as JSON; `null` if it is not JSON, too long or broken off.
pub(crate) async fn read_json(response: &mut Response) -> Value {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        if body.len() + chunk.len() > MAX_JSON_BYTES {
            return Value::Null;
        }
        body.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&body).unwrap_or_default()
}

/// When the other side wants the request to be repeated.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok().and_then(parse_seconds)
}

/// Parses a `Retry-After` in seconds. The services that we call do not use the other form, a date,
/// which would depend on clocks that may differ.
pub(crate) fn parse_seconds(text: &str) -> Option<Duration> {
    text.trim().parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}

#[cfg(test)]
mod tests {
    //! `Retry-After` is parsed as it is sent, and nonsense in it is ignored.

    use super::*;

    #[test]
    fn retry_after_is_a_number_of_seconds() {
        assert_eq!(parse_seconds("20"), Some(Duration::from_secs(20)));
        assert_eq!(parse_seconds(" 0.5 "), Some(Duration::from_millis(500)));
        for bad in ["", "soon", "-1", "NaN", "inf", "1e400", "Wed, 21 Oct 2026 07:28:00 GMT"] {
            assert_eq!(parse_seconds(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_crypto_provider_may_be_installed_twice() {
        install_crypto();
        install_crypto();
        assert!(client(Duration::from_secs(1)).is_ok());
    }
}
