//! What can go wrong in a request, and how a client is told (RFC 9457).
//!
//! This is the only place with status numbers. A handler returns an [`ApiError`]; the edge, which
//! knows the request's id and language, writes the problem and logs it.

mod body;
mod code;
mod field;
mod texts;

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
pub(crate) use self::field::{FieldError, Rule};
pub(crate) use self::texts::{Malformed, Thing, Unsupported};
use crate::edge::RequestContext;
use crate::views::health::Readiness;

/// How long to wait for replies that are being made.
const FOR_REPLIES_TO_END: Duration = Duration::from_secs(5);

/// A failure's cause, for the log only.
pub(crate) type Cause = Box<dyn Error + Send + Sync>;

/// Why a request is not answered as it was hoped; each variant is one row of the code table.
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
    NotFound(Thing),
    FilesNotFound(Vec<FieldError>),
    MethodNotAllowed { allow: String },
    NotAcceptable,
    TooSlow,
    Conflict,
    ResponseRunning { response: Option<ResponseId> },
    UnderWay,
    KeyReused,
    QuotaExceeded(QuotaExceeded),
    NotTheLast,
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
    /// One broken rule, named by the place of the value that broke it.
    pub(crate) fn invalid(pointer: impl Into<String>, rule: Rule) -> Self {
        Self::Invalid(vec![FieldError::new(pointer, rule)])
    }

    /// A failure of our own house.
    pub(crate) fn internal(cause: impl Into<Cause>) -> Self {
        Self::Internal(cause.into())
    }

    /// What a status means that the framework chose before any handler of ours was reached.
    pub(crate) fn of_framework(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::NotFound(Thing::Route),
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge { limit: 0 },
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::Unsupported(Unsupported::ContentType),
            status if status.is_client_error() => Self::Malformed(Malformed::Request),
            status => Self::internal(format!("the framework answered {status}")),
        }
    }

    /// The stable word for it.
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
            Self::TooSlow => ProblemCode::RequestTimeout,
            Self::Conflict => ProblemCode::Conflict,
            Self::ResponseRunning { .. } => ProblemCode::ResponseRunning,
            Self::UnderWay => ProblemCode::RequestUnderWay,
            Self::KeyReused => ProblemCode::IdempotencyKeyReused,
            Self::QuotaExceeded(_) => ProblemCode::BudgetExceeded,
            Self::NotTheLast => ProblemCode::NotTheLast,
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

    /// The header that goes with the status, where one does.
    fn header(&self) -> Option<(&'static str, String)> {
        match self {
            Self::Unauthenticated { presented: false } => {
                Some(("WWW-Authenticate", r#"Bearer realm="ignacio""#.to_owned()))
            }
            Self::Unauthenticated { presented: true } => Some((
                "WWW-Authenticate",
                r#"Bearer realm="ignacio", error="invalid_token""#.to_owned(),
            )),
            // RFC 9110 wants a challenge with every 401; a code is tried again by asking anew.
            Self::CodeInvalid => Some(("WWW-Authenticate", r#"Bearer realm="ignacio""#.to_owned())),
            Self::SignatureInvalid => {
                Some(("WWW-Authenticate", r#"X-Hub-Signature-256 realm="ignacio""#.to_owned()))
            }
            Self::MethodNotAllowed { allow } => Some(("Allow", allow.clone())),
            Self::RangeNotSatisfiable { size } => {
                Some(("Content-Range", format!("bytes */{size}")))
            }
            Self::Draining | Self::UnderWay => Some(("Retry-After", "1".to_owned())),
            Self::QuotaExceeded(QuotaExceeded { retry_after: wait, .. }) => {
                let wait = wait.unwrap_or(FOR_REPLIES_TO_END);
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

    /// The problem as one request's client reads it.
    pub(crate) fn problem(&self, context: &RequestContext) -> Problem {
        let mut problem =
            Problem::of(self.code(), &context.request_id, context.locale).about(&context.path);
        if let Some(detail) = self.detail(context.locale) {
            problem.detail = detail;
        }
        problem.errors = self.fields().iter().map(|field| field.told_in(context.locale)).collect();
        match self {
            Self::ResponseRunning { response } => {
                problem.response_id = response.map(ResponseId::into_uuid);
            }
            Self::QuotaExceeded(spent_up) => {
                problem.limit = Some(spent_up.quota.as_str());
                problem.resets_at = spent_up.resets_at;
            }
            Self::NotReady(readiness) => problem.checks = Some((**readiness).clone()),
            _ => {}
        }
        problem
    }

    /// The whole answer: status, headers and problem.
    pub(crate) fn answer(&self, context: &RequestContext) -> HttpResponse {
        let mut answer = HttpResponse::build(self.code().status());
        if let Some(header) = self.header() {
            answer.insert_header(header);
        }
        if let Self::TooManyCodes { wait } = self {
            answer.insert_header(("RateLimit-Policy", code_policy()));
            let rest = format!("\"codes\";r=0;t={}", whole_seconds(*wait));
            answer.insert_header(("RateLimit", rest));
        }
        answer
            .content_type(body::CONTENT_TYPE)
            .insert_header(("Content-Language", context.locale.as_str()))
            .insert_header(("Vary", "Accept-Language"))
            .json(self.problem(context))
    }

    /// Whether a policy of the database said no to what the request wanted to do.
    pub(crate) fn is_refusal_of_the_database(&self) -> bool {
        let cause = self.source().and_then(|it| it.downcast_ref::<StoreError>());
        matches!(cause, Some(StoreError::Refused(_)))
    }

    /// Logs the failure, once: what is ours to mend as an error with its causes, the rest quietly.
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

    /// Only a placeholder: the edge writes the problem, because it knows language and request.
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
            StoreError::NotFound => Self::NotFound(Thing::Any),
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

/// A time to wait in whole seconds, rounded up: who comes back then is let in.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

/// The limits of codes for one number, as `draft-ietf-httpapi-ratelimit-headers` writes them.
fn code_policy() -> String {
    let policies = PER_NUMBER
        .iter()
        .map(|it| format!("\"codes\";q={};w={}", it.max, it.window.whole_seconds()));
    policies.collect::<Vec<_>>().join(", ")
}

/// The detail that a [`ProblemCode`] has when nothing more is known.
pub(crate) fn plain_detail(code: ProblemCode, locale: Locale) -> &'static str {
    texts::plain(code).in_locale(locale)
}

#[cfg(test)]
mod tests;
