//! Errors as the API words them: `{"error": {"message", "type", "param", "code"}}`.

use std::fmt;

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// A refused request.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct ApiError {
    status: StatusCode,
    kind: &'static str,
    message: String,
    param: Option<String>,
    code: Option<&'static str>,
}

impl ApiError {
    /// An error of the client's, without a parameter or a code.
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { status, kind: "invalid_request_error", message, param: None, code: None }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// 500, for trouble of the stand-in itself.
    pub(crate) fn internal(doing: &str, error: &dyn fmt::Display) -> Self {
        let message = format!("The OpenAI stand-in could not {doing}: {error}.");
        Self { kind: "server_error", ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, message) }
    }

    pub(crate) fn missing(param: &str) -> Self {
        let message = format!("Missing required parameter: '{param}'.");
        Self::bad_request(message).param(param).code("missing_required_parameter")
    }

    pub(crate) fn invalid_value(param: &str, message: impl Into<String>) -> Self {
        Self::bad_request(message).param(param).code("invalid_value")
    }

    pub(crate) fn param(mut self, param: &str) -> Self {
        self.param = Some(param.to_owned());
        self
    }

    pub(crate) fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// Says where in the body serde found a mistake, and what the API calls it.
    fn from_json(path: &str, error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let field = text.strip_prefix("missing field `").and_then(|it| it.split('`').next());
        if let Some(field) = field {
            let is_root = path == ".";
            return Self::missing(&if is_root {
                field.to_owned()
            } else {
                format!("{path}.{field}")
            });
        }
        let code = match text.split(' ').next() {
            Some("invalid") => "invalid_type",
            Some("integer_below_min_value:") => "integer_below_min_value",
            Some("integer_above_max_value:") => "integer_above_max_value",
            Some("string_above_max_length:") => "string_above_max_length",
            Some("object_above_max_properties:") => "object_above_max_properties",
            Some("invalid_image_url:") => "invalid_image_url",
            _ => "invalid_value",
        };
        Self::bad_request(format!("Invalid '{path}': {text}.")).param(path).code(code)
    }
}

/// Reads a part of a request; what does not fit is refused as the API refuses it.
pub(crate) fn parse<T: DeserializeOwned>(value: Value) -> Result<T, ApiError> {
    serde_path_to_error::deserialize(value)
        .map_err(|error| ApiError::from_json(&error.path().to_string(), error.inner()))
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status).json(json!({ "error": {
            "message": self.message, "type": self.kind, "param": self.param, "code": self.code,
        } }))
    }
}
