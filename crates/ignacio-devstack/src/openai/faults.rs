//! The faults: what can go wrong on request, and which requests it hits.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Identifies an armed fault, to lift it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FaultId(pub u64);

/// A fault that hits one request unless `times` says otherwise.
///
/// Of several faults that hit one request, all that change the answer apply together, and of those
/// that replace it only the one that was armed first is used up. Follow-up jobs (requests with a
/// `metadata.purpose`) come at any moment, so only a fault with `containing`, or one that lasts until
/// it is lifted, hits them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// Only requests with this method.
    pub method: Option<String>,
    /// Only this path; `*` stands for one segment and a final `**` for all that follows.
    pub path: Option<String>,
    /// Only requests whose JSON body contains this.
    pub containing: Option<String>,
    /// How many requests it hits; `null` means all until it is lifted.
    #[serde(default = "once")]
    pub times: Option<u32>,
    /// What goes wrong.
    #[serde(flatten)]
    pub effect: Effect,
}

#[expect(clippy::unnecessary_wraps, reason = "serde wants the type of the field")]
fn once() -> Option<u32> {
    Some(1)
}

/// What goes wrong. A stall lasts until the fault is lifted.
#[expect(missing_docs, reason = "the sentence of each variant names its fields")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// Answers at once with `status`; `retry_after` in seconds becomes the header. A `body` that is
    /// a text is sent as HTML, anything else as JSON.
    Status { status: u16, body: Value, retry_after: Option<u64> },
    /// Closes the connection without an answer.
    Close,
    /// Stalls before the head of the answer.
    StallHeaders,
    /// Stalls after this many events of the body.
    StallAfterEvents { events: u64 },
    /// Breaks the connection after this many bytes of the body.
    CutAfterBytes { bytes: u64 },
    /// Breaks the connection after this many events of the body.
    CutAfterEvents { events: u64 },
    /// Waits before each write.
    Slow { millis: u64 },
    /// Sends the body in writes of this size, whatever it cuts through.
    Rechunk { bytes: usize },
    /// Sends each event twice whose number is a multiple of `every`.
    RepeatEvents { every: u64 },
    /// Adds an event of an unknown type after each `every` deltas.
    UnknownEvents { every: usize },
    /// Ends a response with an `error` event, nested as the live API sends it.
    ErrorEvent {
        #[serde(default)]
        after_deltas: usize,
        code: String,
        message: String,
    },
    /// Ends a response with `response.incomplete` for a reason such as `content_filter`.
    Incomplete {
        #[serde(default)]
        after_deltas: usize,
        reason: String,
    },
    /// Ends a response with `response.failed` and a code such as `vector_store_timeout`.
    Failed {
        #[serde(default)]
        after_deltas: usize,
        code: String,
        message: String,
    },
    /// Stalls the generation after this many deltas.
    Pause { after_deltas: usize },
    /// Replaces the pause before each word.
    DeltaDelay { millis: u64 },
    /// Keeps a file that is added to a vector store `in_progress` until lifted.
    HoldIndexing,
    /// Makes the indexing of a file fail: `server_error`, `unsupported_file` or `invalid_file`.
    FailIndexing { code: String, message: String },
}

impl Fault {
    /// Hits the next request that the effect makes sense for.
    pub fn new(effect: Effect) -> Self {
        Self { method: None, path: None, containing: None, times: once(), effect }
    }

    /// Answers with a status and an error body.
    pub fn status(status: u16, kind: &str, code: Option<&str>, message: &str) -> Self {
        let body = json!({ "error": {
            "message": message, "type": kind, "param": null, "code": code,
        } });
        Self::new(Effect::Status { status, body, retry_after: None })
    }

    /// 429 `rate_limit_exceeded`.
    pub fn rate_limited(retry_after: Option<u64>) -> Self {
        let message = "Rate limit reached: please try again later.";
        let fault = Self::status(429, "requests", Some("rate_limit_exceeded"), message);
        fault.retry_after(retry_after)
    }

    /// 429 `insufficient_quota`.
    pub fn out_of_quota() -> Self {
        let message =
            "You exceeded your current quota, please check your plan and billing details.";
        Self::status(429, "insufficient_quota", Some("insufficient_quota"), message)
    }

    /// 500 with a JSON body.
    pub fn server_error() -> Self {
        let message = "The server had an error while processing your request. Sorry about that!";
        Self::status(500, "server_error", None, message)
    }

    /// A status with a page of HTML, as a proxy in between would send it.
    pub fn html(status: u16) -> Self {
        let body = json!("<html><head><title>Error</title></head><body>Bad gateway</body></html>");
        Self::new(Effect::Status { status, body, retry_after: None })
    }

    /// 503 to everything until lifted.
    pub fn down() -> Self {
        let message = "The engine is currently overloaded, please try again later";
        Self::status(503, "service_unavailable_error", None, message).until_lifted()
    }

    /// Every connection is closed without an answer, until lifted.
    pub fn unreachable() -> Self {
        Self::new(Effect::Close).until_lifted()
    }

    /// Sets the header `retry-after` of an answer with a status.
    #[must_use]
    pub fn retry_after(mut self, seconds: Option<u64>) -> Self {
        if let Effect::Status { retry_after, .. } = &mut self.effect {
            *retry_after = seconds;
        }
        self
    }

    /// Only for requests like this, such as `("GET", "/v1/files/*")`.
    #[must_use]
    pub fn on(mut self, method: &str, path: &str) -> Self {
        self.method = Some(method.to_owned());
        self.path = Some(path.to_owned());
        self
    }

    /// Only for requests whose JSON body contains this.
    #[must_use]
    pub fn containing(mut self, text: impl Into<String>) -> Self {
        self.containing = Some(text.into());
        self
    }

    /// Hits this many requests.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Hits every request until it is lifted.
    #[must_use]
    pub fn until_lifted(mut self) -> Self {
        self.times = None;
        self
    }

    /// Whether the fault hits this request.
    pub(crate) fn matches(&self, request: &RequestView<'_>) -> bool {
        let has_method = |it: &str| request.method.eq_ignore_ascii_case(it);
        self.times != Some(0)
            && self.method.as_deref().is_none_or(has_method)
            && self.path.as_deref().is_none_or(|it| is_like(request.path, it))
            && self.effect.place().is_none_or(|it| has_method("POST") && is_like(request.path, it))
            && self.containing.as_ref().is_none_or(|it| request.body.contains(it.as_str()))
            && (!request.is_follow_up || self.containing.is_some() || self.times.is_none())
    }
}

impl Effect {
    /// Its name in JSON.
    pub(crate) fn name(&self) -> String {
        let json = serde_json::to_value(self).unwrap_or_default();
        json.get("effect").and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// The path of the only `POST` that it makes sense for.
    fn place(&self) -> Option<&'static str> {
        match self {
            Self::UnknownEvents { .. }
            | Self::ErrorEvent { .. }
            | Self::Incomplete { .. }
            | Self::Failed { .. }
            | Self::Pause { .. }
            | Self::DeltaDelay { .. } => Some("/v1/responses"),
            Self::HoldIndexing | Self::FailIndexing { .. } => Some("/v1/vector_stores/*/files"),
            _ => None,
        }
    }

    /// Whether it replaces the answer.
    pub(crate) fn is_answer(&self) -> bool {
        matches!(self, Self::Status { .. } | Self::Close)
    }
}

/// The part of a request that faults are matched against; `body` is its JSON as text, or empty.
pub(crate) struct RequestView<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) body: &'a str,
    pub(crate) is_follow_up: bool,
}

fn is_like(path: &str, pattern: &str) -> bool {
    if let Some(folder) = pattern.strip_suffix("/**") {
        return path.strip_prefix(folder).is_some_and(|it| it.is_empty() || it.starts_with('/'));
    }
    let (path, pattern) = (path.split('/'), pattern.split('/'));
    path.clone().count() == pattern.clone().count()
        && path.zip(pattern).all(|(found, wanted)| wanted == "*" || found == wanted)
}
