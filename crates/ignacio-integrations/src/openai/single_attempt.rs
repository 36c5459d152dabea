//! The transport: sends each request exactly once and parses refusals.

use std::{
    task::{Context, Poll},
    time::Duration,
};

use async_openai::{error::OpenAIError, middleware::HttpRequestFactory};
use futures_util::future::BoxFuture;
use reqwest::{Response, StatusCode};
use serde_json::Value;
use tower::Service;

use crate::http;

/// The longest error code that is kept.
const MAX_WORD_BYTES: usize = 64;

/// The bottom of `async-openai`'s stack: no retries, and refusals become [`Refusal`]s before the
/// crate decodes them, which would lose the status and the headers.
#[derive(Clone, Debug)]
pub(super) struct SingleAttempt {
    http: reqwest::Client,
}

impl SingleAttempt {
    pub(super) const fn new(http: reqwest::Client) -> Self {
        Self { http }
    }
}

impl Service<HttpRequestFactory> for SingleAttempt {
    type Response = Response;
    type Error = OpenAIError;
    type Future = BoxFuture<'static, Result<Response, OpenAIError>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), OpenAIError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, factory: HttpRequestFactory) -> Self::Future {
        let http = self.http.clone();
        Box::pin(async move {
            let response = http.execute(factory.build().await?).await?;
            if response.status().is_success() {
                return Ok(response);
            }
            Err(OpenAIError::Boxed(Box::new(Refusal::read(response).await)))
        })
    }
}

/// A response other than 2xx. Only short codes of its body are kept, because the message may quote
/// what was sent.
#[derive(Debug, thiserror::Error)]
#[error("status {}, {}, parameter {}, request {}",
    .status.as_u16(),
    .words,
    .param.as_deref().unwrap_or("-"),
    .request_id.as_deref().unwrap_or("-"))]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) retry_after: Option<Duration>,
    pub(super) words: ErrorWords,
    pub(super) param: Option<String>,
    /// Whether the requested state already exists.
    pub(super) already_exists: bool,
    request_id: Option<String>,
}

impl Refusal {
    async fn read(mut response: Response) -> Self {
        let headers = response.headers();
        let retry_after = http::retry_after(headers);
        let request_id = headers.get("x-request-id").and_then(|it| word(it.to_str().ok()?));
        let body = http::read_json(&mut response).await;
        let error = body.pointer("/error").unwrap_or(&Value::Null);
        Self {
            status: response.status(),
            retry_after,
            words: ErrorWords::parse(error),
            param: error.get("param").and_then(Value::as_str).and_then(word),
            already_exists: error
                .get("message")
                .and_then(Value::as_str)
                .is_some_and(|it| it.to_lowercase().contains("already")),
            request_id,
        }
    }
}

/// The code and type by which `OpenAI` names an error; either may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ErrorWords {
    pub(super) code: Option<String>,
    pub(super) kind: Option<String>,
}

impl ErrorWords {
    /// Parses an error object.
    pub(super) fn parse(error: &Value) -> Self {
        let read = |key| error.get(key).and_then(Value::as_str).and_then(word);
        Self { code: read("code"), kind: read("type") }
    }

    /// Whether the code or the type is one of these.
    pub(super) fn any_of(&self, words: &[&str]) -> bool {
        [&self.code, &self.kind].into_iter().flatten().any(|it| words.contains(&it.as_str()))
    }

    /// Whether the code or the type starts with this.
    pub(super) fn starts_with(&self, start: &str) -> bool {
        [&self.code, &self.kind].into_iter().flatten().any(|it| it.starts_with(start))
    }

    /// The code, or else the type.
    pub(super) fn most_specific(&self) -> Option<&str> {
        self.code.as_deref().or(self.kind.as_deref())
    }
}

impl std::fmt::Display for ErrorWords {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let code = self.code.as_deref().unwrap_or("-");
        let kind = self.kind.as_deref().unwrap_or("-");
        write!(out, "code {code}, type {kind}")
    }
}

/// Keeps what looks like an identifier, and nothing that could be a sentence.
fn word(text: &str) -> Option<String> {
    let fits = (1..=MAX_WORD_BYTES).contains(&text.len())
        && text.bytes().all(|it| it.is_ascii_alphanumeric() || b"_-.[]".contains(&it));
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    //! Identifiers of a refusal are kept, sentences are not.

    use serde_json::json;

    use super::*;

    #[test]
    fn only_identifiers_are_kept() {
        let words =
            ErrorWords::parse(&json!({ "code": "rate_limit_exceeded", "type": "it was: +57300" }));
        assert_eq!(words.code.as_deref(), Some("rate_limit_exceeded"));
        assert_eq!(words.kind, None);
        assert_eq!(words.to_string(), "code rate_limit_exceeded, type -");
        assert_eq!(ErrorWords::parse(&json!({ "code": 429, "type": null })), ErrorWords::default());
        assert_eq!(word(&"x".repeat(MAX_WORD_BYTES + 1)), None);
    }
}
