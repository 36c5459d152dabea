//! The one way to an outgoing HTTP client, and what its failures mean.

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
/// How much is read of an answer that ought to be short, such as an error object.
const MAX_SHORT_BYTES: usize = 64 * 1024;
const USER_AGENT: &str = concat!("ignacio/", env!("CARGO_PKG_VERSION"));

/// Makes *ring* the cryptography of every TLS connection of this process. May be called as often
/// as one likes, from any thread.
pub fn install_crypto() {
    if CryptoProvider::get_default().is_none() {
        // Whoever loses a race finds the same provider installed by the winner.
        let _already_installed = ring::default_provider().install_default();
    }
}

/// A client that waits `read_timeout` for the head of an answer and for each further piece of it,
/// follows redirects within the same origin only and never sends a request twice.
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

/// Another host would get what was meant for this one, so the redirect itself is the answer then.
fn within_origin(attempt: Attempt<'_>) -> Action {
    let n_before = attempt.previous().len();
    let stays =
        attempt.previous().first().is_some_and(|first| first.origin() == attempt.url().origin());
    if stays && n_before <= MAX_REDIRECTS { attempt.follow() } else { attempt.stop() }
}

/// What it means that no whole answer came.
pub(crate) fn no_answer(error: reqwest::Error) -> PortError {
    let is_ours = error.is_builder();
    let reason = error_chain(&error.without_url());
    if is_ours {
        PortError::Misconfigured { code: "bad_request_settings".to_owned(), reason }
    } else {
        PortError::Transient { retry_after: None, reason }
    }
}

/// A short answer's body as JSON. One that is none, too long or broken off reads as nothing.
pub(crate) async fn json(answer: &mut Response) -> Value {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        if body.len() + chunk.len() > MAX_SHORT_BYTES {
            return Value::Null;
        }
        body.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&body).unwrap_or_default()
}

/// When the other side wants to be asked again.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok().and_then(seconds)
}

/// Reads a `Retry-After` in seconds. The other form, a date, is not used by the services that we
/// call, and would have to be read by a clock that may differ from theirs.
pub(crate) fn seconds(text: &str) -> Option<Duration> {
    text.trim().parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}

#[cfg(test)]
mod tests {
    //! `Retry-After` is read as it is sent, and nonsense in it is no pause.

    use super::*;

    #[test]
    fn a_pause_is_a_number_of_seconds() {
        assert_eq!(seconds("20"), Some(Duration::from_secs(20)));
        assert_eq!(seconds(" 0.5 "), Some(Duration::from_millis(500)));
        for bad in ["", "soon", "-1", "NaN", "inf", "1e400", "Wed, 21 Oct 2026 07:28:00 GMT"] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_crypto_may_be_installed_twice() {
        install_crypto();
        install_crypto();
        assert!(client(Duration::from_secs(1)).is_ok());
    }
}
