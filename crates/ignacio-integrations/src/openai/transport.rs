//! Sends each request exactly once, and keeps of a refusal what tells a caller what to do.

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

/// The longest word that is taken over from a refusal.
const MAX_WORD_BYTES: usize = 64;

/// The bottom of `async-openai`'s stack: no retry, and refusals become [`Refusal`]s before the
/// crate tries to decode them, which would lose the status and the headers.
#[derive(Clone, Debug)]
pub(super) struct SingleTry {
    http: reqwest::Client,
}

impl SingleTry {
    pub(super) const fn new(http: reqwest::Client) -> Self {
        Self { http }
    }
}

impl Service<HttpRequestFactory> for SingleTry {
    type Response = Response;
    type Error = OpenAIError;
    type Future = BoxFuture<'static, Result<Response, OpenAIError>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), OpenAIError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, factory: HttpRequestFactory) -> Self::Future {
        let http = self.http.clone();
        Box::pin(async move {
            let answer = http.execute(factory.build().await?).await?;
            if answer.status().is_success() {
                return Ok(answer);
            }
            Err(OpenAIError::Boxed(Box::new(Refusal::read(answer).await)))
        })
    }
}

/// An answer other than 2xx. Of its body only short words are kept: the message may quote what
/// was sent.
#[derive(Debug, thiserror::Error)]
#[error("status {}, {}, parameter {}, request {}",
    .status.as_u16(),
    .words,
    .param.as_deref().unwrap_or("-"),
    .request_id.as_deref().unwrap_or("-"))]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) retry_after: Option<Duration>,
    pub(super) words: Words,
    pub(super) param: Option<String>,
    /// Whether it says that what was asked for is so already.
    pub(super) already: bool,
    request_id: Option<String>,
}

impl Refusal {
    async fn read(mut answer: Response) -> Self {
        let headers = answer.headers();
        let retry_after = http::retry_after(headers);
        let request_id = headers.get("x-request-id").and_then(|it| word(it.to_str().ok()?));
        let body = http::json(&mut answer).await;
        let error = body.pointer("/error").unwrap_or(&Value::Null);
        Self {
            status: answer.status(),
            retry_after,
            words: Words::of(error),
            param: error.get("param").and_then(Value::as_str).and_then(word),
            already: error
                .get("message")
                .and_then(Value::as_str)
                .is_some_and(|it| it.to_lowercase().contains("already")),
            request_id,
        }
    }
}

/// The two words by which `OpenAI` names an error; either may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) code: Option<String>,
    pub(super) kind: Option<String>,
}

impl Words {
    /// Reads an error object.
    pub(super) fn of(error: &Value) -> Self {
        let read = |key| error.get(key).and_then(Value::as_str).and_then(word);
        Self { code: read("code"), kind: read("type") }
    }

    /// Whether either word is among these.
    pub(super) fn any_of(&self, words: &[&str]) -> bool {
        [&self.code, &self.kind].into_iter().flatten().any(|it| words.contains(&it.as_str()))
    }

    /// Whether either word begins like this.
    pub(super) fn begins(&self, start: &str) -> bool {
        [&self.code, &self.kind].into_iter().flatten().any(|it| it.starts_with(start))
    }

    /// The narrower of the words, when there is one.
    pub(super) fn narrowest(&self) -> Option<&str> {
        self.code.as_deref().or(self.kind.as_deref())
    }
}

impl std::fmt::Display for Words {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let code = self.code.as_deref().unwrap_or("-");
        let kind = self.kind.as_deref().unwrap_or("-");
        write!(out, "code {code}, type {kind}")
    }
}

/// Takes over what looks like an identifier, and nothing that could be a sentence.
fn word(text: &str) -> Option<String> {
    let fits = (1..=MAX_WORD_BYTES).contains(&text.len())
        && text.bytes().all(|it| it.is_ascii_alphanumeric() || b"_-.[]".contains(&it));
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    //! Identifiers are taken over from a refusal, sentences are not.

    use serde_json::json;

    use super::*;

    #[test]
    fn only_identifiers_are_kept() {
        let words = Words::of(&json!({ "code": "rate_limit_exceeded", "type": "it was: +57300" }));
        assert_eq!(words.code.as_deref(), Some("rate_limit_exceeded"));
        assert_eq!(words.kind, None);
        assert_eq!(words.to_string(), "code rate_limit_exceeded, type -");
        assert_eq!(Words::of(&json!({ "code": 429, "type": null })), Words::default());
        assert_eq!(word(&"x".repeat(MAX_WORD_BYTES + 1)), None);
    }
}
