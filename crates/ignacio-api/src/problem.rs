//! Errors of requests, and their problem objects (RFC 9457).
//!
//! Status numbers stand only here. A handler returns an [`ApiError`]; the base middleware, which knows
//! the request's id and language, renders the problem and logs it.

mod body;
mod code;
mod texts;
mod validation;

use std::error::Error;
use std::fmt;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use ignacio_domain::error_chain;
use ignacio_domain::ids::ResponseId;
use ignacio_domain::locale::Locale;
use ignacio_domain::ports::PortError;
use ignacio_domain::quota::QuotaExceeded;
use ignacio_domain::rate_limit::PER_NUMBER;
use ignacio_persistence::StoreError;

pub(crate) use self::body::{FieldProblem, Problem};
pub(crate) use self::code::ProblemCode;
pub(crate) use self::texts::{Malformed, ResourceKind, Unsupported};
pub(crate) use self::validation::{FieldError, ValidationCode};
use crate::request_context::RequestContext;
use crate::views::health::Readiness;

/// `Retry-After` while the running replies use up a quota.
const RUNNING_REPLIES_WAIT: Duration = Duration::from_secs(5);

/// The cause of an error, for the log only.
pub(crate) type Cause = Box<dyn Error + Send + Sync>;

/// Why a request fails; each variant has a code in the table of [`ProblemCode`].
#[derive(Debug)]
pub(crate) enum ApiError {
    Malformed(Malformed),
    InvalidCursor,
    Unauthenticated { presented: bool },
    CodeInvalid,
    CodeExpired,
    SignatureInvalid,
    WrongVerifyToken,
    CrossSite,
    NotAdmin,
    GrantRequired,
    StepUpRequired,
    NotFound(ResourceKind),
    FilesNotFound(Vec<FieldError>),
    MethodNotAllowed { allow: String },
    NotAcceptable,
    RequestTimeout,
    Conflict,
    ResponseRunning { response: Option<ResponseId> },
    InProgress,
    KeyReused,
    QuotaExceeded(QuotaExceeded),
    NotLatest,
    PhoneTaken,
    OwnAccount,
    LastAdmin,
    PreconditionFailed,
    PreconditionRequired,
    TooLarge { limit: u64 },
    Unsupported(Unsupported),
    RangeNotSatisfiable { size: u64 },
    TooManyCodes { wait: Duration },
    LoginPaused { wait: Option<Duration> },
    Invalid(Vec<FieldError>),
    NotReady(Box<Readiness>),
    Draining,
    Busy,
    Unavailable(Cause),
    Internal(Cause),
}

impl ApiError {
    /// A single invalid value.
    pub(crate) fn invalid(pointer: impl Into<String>, code: ValidationCode) -> Self {
        Self::Invalid(vec![FieldError::new(pointer, code)])
    }

    /// An internal error.
    pub(crate) fn internal(cause: impl Into<Cause>) -> Self {
        Self::Internal(cause.into())
    }

    /// The error of a status that the framework chose before it reached a handler.
    pub(crate) fn of_framework(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::NotFound(ResourceKind::Route),
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge { limit: 0 },
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::Unsupported(Unsupported::ContentType),
            status if status.is_client_error() => Self::Malformed(Malformed::Request),
            status => Self::internal(format!("the framework responded with {status}")),
        }
    }

    /// The stable code of this error.
    pub(crate) fn code(&self) -> ProblemCode {
        match self {
            Self::Malformed(_) => ProblemCode::Malformed,
            Self::InvalidCursor => ProblemCode::InvalidCursor,
            Self::Unauthenticated { .. } => ProblemCode::Unauthenticated,
            Self::CodeInvalid => ProblemCode::CodeInvalid,
            Self::CodeExpired => ProblemCode::CodeExpired,
            Self::SignatureInvalid => ProblemCode::SignatureInvalid,
            Self::CrossSite | Self::NotAdmin | Self::WrongVerifyToken => ProblemCode::Forbidden,
            Self::GrantRequired => ProblemCode::GrantRequired,
            Self::StepUpRequired => ProblemCode::StepUpRequired,
            Self::NotFound(_) | Self::FilesNotFound(_) => ProblemCode::NotFound,
            Self::MethodNotAllowed { .. } => ProblemCode::MethodNotAllowed,
            Self::NotAcceptable => ProblemCode::NotAcceptable,
            Self::RequestTimeout => ProblemCode::RequestTimeout,
            Self::Conflict => ProblemCode::Conflict,
            Self::ResponseRunning { .. } => ProblemCode::ResponseRunning,
            Self::InProgress => ProblemCode::RequestUnderWay,
            Self::KeyReused => ProblemCode::IdempotencyKeyReused,
            Self::QuotaExceeded(_) => ProblemCode::BudgetExceeded,
            Self::NotLatest => ProblemCode::NotTheLast,
            Self::PhoneTaken => ProblemCode::PhoneTaken,
            Self::OwnAccount => ProblemCode::OwnAccount,
            Self::LastAdmin => ProblemCode::LastAdmin,
            Self::PreconditionFailed => ProblemCode::PreconditionFailed,
            Self::PreconditionRequired => ProblemCode::PreconditionRequired,
            Self::TooLarge { .. } => ProblemCode::TooLarge,
            Self::Unsupported(_) => ProblemCode::UnsupportedMediaType,
            Self::RangeNotSatisfiable { .. } => ProblemCode::RangeNotSatisfiable,
            Self::TooManyCodes { .. } => ProblemCode::TooManyRequests,
            Self::LoginPaused { .. } => ProblemCode::LoginPaused,
            Self::Invalid(_) => ProblemCode::InvalidRequest,
            Self::NotReady(_) | Self::Draining | Self::Busy | Self::Unavailable(_) => {
                ProblemCode::Unavailable
            }
            Self::Internal(_) => ProblemCode::Internal,
        }
    }

    /// The header that the status requires, if any.
    fn header(&self) -> Option<(&'static str, String)> {
        match self {
            Self::Unauthenticated { presented: false } => {
                Some(("WWW-Authenticate", r#"Bearer realm="ignacio""#.to_owned()))
            }
            Self::Unauthenticated { presented: true } => Some((
                "WWW-Authenticate",
                r#"Bearer realm="ignacio", error="invalid_token""#.to_owned(),
            )),
            // RFC 9110 requires a challenge with every 401.
            Self::CodeInvalid => Some(("WWW-Authenticate", r#"Bearer realm="ignacio""#.to_owned())),
            Self::SignatureInvalid => {
                Some(("WWW-Authenticate", r#"X-Hub-Signature-256 realm="ignacio""#.to_owned()))
            }
            Self::MethodNotAllowed { allow } => Some(("Allow", allow.clone())),
            Self::RangeNotSatisfiable { size } => {
                Some(("Content-Range", format!("bytes */{size}")))
            }
            Self::Draining | Self::InProgress => Some(("Retry-After", "1".to_owned())),
            Self::QuotaExceeded(QuotaExceeded { retry_after: wait, .. }) => {
                let wait = wait.unwrap_or(RUNNING_REPLIES_WAIT);
                Some(("Retry-After", whole_seconds(wait).to_string()))
            }
            Self::TooManyCodes { wait } | Self::LoginPaused { wait: Some(wait) } => {
                Some(("Retry-After", whole_seconds(*wait).to_string()))
            }
            Self::NotReady(_) | Self::Busy | Self::Unavailable(_) => {
                Some(("Retry-After", "5".to_owned()))
            }
            _ => None,
        }
    }

    fn fields(&self) -> &[FieldError] {
        match self {
            Self::Invalid(fields) | Self::FilesNotFound(fields) => fields,
            _ => &[],
        }
    }

    /// The problem object for one request.
    pub(crate) fn problem(&self, context: &RequestContext) -> Problem {
        let mut problem = Problem::of(self.code(), &context.request_id, context.locale)
            .with_instance(&context.path);
        if let Some(detail) = self.detail(context.locale) {
            problem.detail = detail;
        }
        problem.errors =
            self.fields().iter().map(|field| field.to_problem(context.locale)).collect();
        match self {
            Self::ResponseRunning { response } => {
                problem.response_id = response.map(ResponseId::into_uuid);
            }
            Self::QuotaExceeded(exceeded) => {
                problem.limit = Some(exceeded.quota.as_str());
                problem.resets_at = exceeded.resets_at;
            }
            Self::NotReady(readiness) => problem.checks = Some((**readiness).clone()),
            _ => {}
        }
        problem
    }

    /// The whole response: status, headers and problem.
    pub(crate) fn to_response(&self, context: &RequestContext) -> HttpResponse {
        let mut response = HttpResponse::build(self.code().status());
        if let Some(header) = self.header() {
            response.insert_header(header);
        }
        if let Self::TooManyCodes { wait } = self {
            response.insert_header(("RateLimit-Policy", code_policy()));
            let rest = format!("\"codes\";r=0;t={}", whole_seconds(*wait));
            response.insert_header(("RateLimit", rest));
        }
        response
            .content_type(body::CONTENT_TYPE)
            .insert_header(("Content-Language", context.locale.as_str()))
            .insert_header(("Vary", "Accept-Language"))
            .json(self.problem(context))
    }

    /// Whether a row-level security policy refused a statement of the request.
    pub(crate) fn is_refused_by_policy(&self) -> bool {
        let cause = self.source().and_then(|it| it.downcast_ref::<StoreError>());
        matches!(cause, Some(StoreError::Refused(_)))
    }

    /// Logs the error, once: server errors with their causes, client errors at debug level.
    pub(crate) fn log(&self) {
        let code = self.code();
        if code.status().is_server_error() {
            let causes = self.source().map(error_chain).unwrap_or_default();
            tracing::error!(code = code.as_str(), causes, "the request failed");
        } else {
            tracing::debug!(code = code.as_str(), "the request was refused");
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.code().as_str())
    }
}

impl Error for ApiError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unavailable(cause) | Self::Internal(cause) => Some(&**cause),
            _ => None,
        }
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.code().status()
    }

    /// A placeholder: the base middleware renders the problem, because it knows the request.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unauthenticated | StoreError::Reused => {
                Self::Unauthenticated { presented: true }
            }
            StoreError::NotFound => Self::NotFound(ResourceKind::Any),
            StoreError::Forbidden => Self::NotAdmin,
            StoreError::GrantRequired => Self::GrantRequired,
            StoreError::StepUpRequired => Self::StepUpRequired,
            StoreError::OwnAccount => Self::OwnAccount,
            StoreError::LastAdmin => Self::LastAdmin,
            StoreError::ForeignCursor => Self::InvalidCursor,
            StoreError::Conflict(_) => Self::Conflict,
            StoreError::Unavailable(_) => Self::Unavailable(Box::new(error)),
            StoreError::Refused(_) | StoreError::Corrupt { .. } | StoreError::Failed(_) => {
                Self::Internal(Box::new(error))
            }
        }
    }
}

impl From<PortError> for ApiError {
    fn from(error: PortError) -> Self {
        match error {
            PortError::Transient { .. } => Self::Unavailable(Box::new(error)),
            PortError::NotFound | PortError::Rejected { .. } | PortError::Misconfigured { .. } => {
                Self::Internal(Box::new(error))
            }
        }
    }
}

/// A wait in whole seconds, rounded up, so that a retry after it succeeds.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

/// The limits of codes per number, in the syntax of `draft-ietf-httpapi-ratelimit-headers`.
fn code_policy() -> String {
    let policies = PER_NUMBER
        .iter()
        .map(|it| format!("\"codes\";q={};w={}", it.max, it.window.whole_seconds()));
    policies.collect::<Vec<_>>().join(", ")
}

/// The detail of a [`ProblemCode`] without anything specific.
pub(crate) fn plain_detail(code: ProblemCode, locale: Locale) -> &'static str {
    texts::plain(code).in_locale(locale)
}

#[cfg(test)]
mod tests;
