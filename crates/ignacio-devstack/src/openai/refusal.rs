//! Errors as the API words them: `{"error": {"message", "type", "param", "code"}}`.

use std::fmt;

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use serde_json::{Value, json};

/// A request that is not fulfilled.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    kind: &'static str,
    message: String,
    param: Option<String>,
    code: Option<&'static str>,
}

impl Refusal {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { status, kind: "invalid_request_error", message, param: None, code: None }
    }

    /// 400.
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// 404.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// 401, for a request without a key.
    pub(crate) fn no_key() -> Self {
        let message = "You didn't provide an API key. You need to provide your API key in an \
                       Authorization header using Bearer auth (i.e. Authorization: Bearer \
                       YOUR_KEY).";
        Self::new(StatusCode::UNAUTHORIZED, message)
    }

    /// 413, for an upload over the limit.
    pub(crate) fn too_large(limit: u64) -> Self {
        let message = format!("File is too large. The maximum size is {limit} bytes.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, message)
    }

    /// 500, for trouble of the stand-in itself.
    pub(crate) fn own_fault(doing: &str, error: &dyn fmt::Display) -> Self {
        let message = format!("The OpenAI stand-in could not {doing}: {error}.");
        Self { kind: "server_error", ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, message) }
    }

    /// 400 for a parameter that has to be there.
    pub(crate) fn missing(param: &str) -> Self {
        Self::bad(format!("Missing required parameter: '{param}'."))
            .about(param)
            .code("missing_required_parameter")
    }

    /// 400 for a parameter of the wrong type.
    pub(crate) fn wrong_type(param: &str, wanted: &str) -> Self {
        Self::bad(format!("Invalid type for '{param}': expected {wanted}."))
            .about(param)
            .code("invalid_type")
    }

    /// 400 for a value that is not among those allowed.
    pub(crate) fn wrong_value(param: &str, value: &str, allowed: &[&str]) -> Self {
        let allowed = allowed.iter().map(|it| format!("'{it}'")).collect::<Vec<_>>().join(", ");
        Self::bad(format!("Invalid value: '{value}'. Supported values are: {allowed}."))
            .about(param)
            .code("invalid_value")
    }

    /// 400 for a number outside its bounds.
    pub(crate) fn out_of_bounds(param: &str, value: u64, least: u64, most: u64) -> Self {
        let (size, bound, limit, code) = if value < least {
            ("below minimum", ">=", least, "integer_below_min_value")
        } else {
            ("above maximum", "<=", most, "integer_above_max_value")
        };
        let message = format!(
            "Invalid '{param}': integer {size} value. Expected a value {bound} {limit}, but got \
             {value} instead."
        );
        Self::bad(message).about(param).code(code)
    }

    /// Names the parameter.
    pub(crate) fn about(mut self, param: &str) -> Self {
        self.param = Some(param.to_owned());
        self
    }

    /// Gives the error a code for programs.
    pub(crate) fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    fn body(&self) -> Value {
        json!({ "error": {
            "message": self.message, "type": self.kind, "param": self.param, "code": self.code,
        } })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status).json(self.body())
    }
}
