//! The problem object on the wire.

use ignacio_domain::locale::Locale;
use ignacio_domain::response::ReplyFailure;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::{ToResponse, ToSchema};
use uuid::Uuid;

use super::{ProblemCode, plain_detail};
use crate::views::health::Readiness;

/// The media type of RFC 9457.
pub(crate) const CONTENT_TYPE: &str = "application/problem+json";

/// A problem object (RFC 9457).
#[derive(Clone, Debug, Serialize, ToSchema, ToResponse)]
#[response(
    description = "The request failed: see `code`, and `errors` for what to correct.",
    content_type = "application/problem+json"
)]
pub(crate) struct Problem {
    /// Names the kind of problem; ends in `code`.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// A short name of the kind of problem, in the caller's language.
    pub(crate) title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    pub(crate) status: u16,
    /// What went wrong this time, in the caller's language.
    pub(crate) detail: String,
    /// The path of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) instance: Option<String>,
    /// The stable code of the kind of problem: branch on this.
    pub(crate) code: ProblemCode,
    /// The request's id, as in `X-Request-Id`: quote it when you report the problem.
    pub(crate) request_id: String,
    /// The values to correct.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) errors: Vec<FieldProblem>,
    /// The running response, with `response-running`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) response_id: Option<Uuid>,
    /// The quota that is used up, with `budget-exceeded`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<&'static str>,
    /// When the quota resets, with `budget-exceeded`; missing if that depends on running replies.
    #[serde(with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub(crate) resets_at: Option<OffsetDateTime>,
    /// The checks of `/readyz`, if one of them failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) checks: Option<Readiness>,
}

/// A value to correct.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct FieldProblem {
    /// Where it is: a JSON pointer into the body (RFC 6901), or a slash and the name of a query
    /// parameter or form field.
    pub(crate) pointer: String,
    /// The stable code of the rule that it violates.
    pub(crate) code: &'static str,
    /// The rule, in the caller's language.
    pub(crate) detail: String,
}

impl Problem {
    /// A problem with nothing but its code.
    pub(crate) fn of(code: ProblemCode, request_id: &str, locale: Locale) -> Self {
        Self {
            kind: code.uri(),
            title: code.title(locale).to_owned(),
            status: code.status().as_u16(),
            detail: plain_detail(code, locale).to_owned(),
            instance: None,
            code,
            request_id: request_id.to_owned(),
            errors: Vec::new(),
            response_id: None,
            limit: None,
            resets_at: None,
            checks: None,
        }
    }

    /// Why a reply failed, for its last event.
    pub(crate) fn of_reply(failure: ReplyFailure, request_id: &str, locale: Locale) -> Self {
        Self::of(failure.into(), request_id, locale)
    }

    /// The same problem with the path of the request.
    pub(crate) fn with_instance(mut self, path: &str) -> Self {
        self.instance = Some(path.to_owned());
        self
    }
}
