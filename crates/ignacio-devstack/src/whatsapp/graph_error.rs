//! Refusals as Meta's Graph API words them. The code is the contract, the sentence is for people.

use actix_web::{HttpResponse, http::StatusCode};
use serde_json::json;

use crate::loopback;

/// One refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GraphError {
    pub(super) status: u16,
    pub(super) code: u32,
    message: String,
    details: Option<String>,
}

impl GraphError {
    pub(super) fn new(status: u16, code: u32, details: &str) -> Self {
        let message = format!("(#{code}) The request was refused");
        Self { status, code, message, details: Some(details.to_owned()) }
    }

    /// A top-level parameter that is not there.
    pub(super) fn required(parameter: &str) -> Self {
        let message = format!("(#100) The parameter {parameter} is required.");
        Self { status: 400, code: 100, message, details: None }
    }

    /// A parameter that cannot be what it is.
    pub(super) fn invalid(details: &str) -> Self {
        Self::new(400, 100, details)
    }

    /// A part of a message that is missing.
    pub(super) fn missing(details: &str) -> Self {
        Self::new(400, 131_008, details)
    }

    /// A part of a message that is there and wrong.
    pub(super) fn bad_value(details: &str) -> Self {
        Self::new(400, 131_009, details)
    }

    /// The whole answer.
    pub(super) fn answer(&self) -> HttpResponse {
        let mut error = json!({
            "message": self.message, "type": "OAuthException", "code": self.code,
            "fbtrace_id": format!("A{}", loopback::secret()),
        });
        if let Some(details) = &self.details {
            let data = json!({ "messaging_product": "whatsapp", "details": details });
            error = loopback::merged(error, json!({ "error_data": data }));
        }
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        HttpResponse::build(status).json(json!({ "error": error }))
    }
}
