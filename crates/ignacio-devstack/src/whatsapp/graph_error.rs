//! Refusals as Meta's Graph API words them. The code is the contract, the title is for people.

use actix_web::{HttpResponse, http::StatusCode};
use serde_json::{Value, json};

use crate::loopback;

/// Titles of the codes that a sender of codes and replies can meet.
const TITLES: [(u32, &str); 24] = [
    (0, "AuthException"),
    (3, "API Method"),
    (4, "API Too Many Calls"),
    (10, "Permission Denied"),
    (100, "Invalid parameter"),
    (190, "Access token has expired"),
    (368, "Temporarily blocked for policies violations"),
    (80007, "Rate limit issues"),
    (130_429, "Rate limit hit"),
    (131_000, "Something went wrong"),
    (131_005, "Access denied"),
    (131_008, "Required parameter is missing"),
    (131_009, "Parameter value is not valid"),
    (131_016, "Service unavailable"),
    (131_026, "Message undeliverable"),
    (131_047, "Re-engagement message"),
    (131_048, "Spam rate limit hit"),
    (131_049, "Message not delivered to maintain healthy ecosystem engagement"),
    (131_050, "User has stopped marketing messages from this business"),
    (131_051, "Unsupported message type"),
    (131_056, "(Business Account, Consumer Account) pair rate limit hit"),
    (132_000, "Number of parameters does not match the expected number of params"),
    (132_001, "Template name does not exist in the translation"),
    (133_010, "Phone number not registered"),
];

/// One refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GraphError {
    pub(super) status: u16,
    pub(super) code: u32,
    message: String,
    details: Option<String>,
}

impl GraphError {
    /// A refusal by its code, with Meta's title for it.
    pub(super) fn of(status: u16, code: u32, details: Option<&str>) -> Self {
        let message = format!("(#{code}) {}", title(code));
        Self { status, code, message, details: details.map(String::from) }
    }

    /// A top-level parameter that is not there.
    pub(super) fn required(parameter: &str) -> Self {
        let message = format!("(#100) The parameter {parameter} is required.");
        Self { status: 400, code: 100, message, details: None }
    }

    /// A parameter that cannot be what it is.
    pub(super) fn invalid(details: &str) -> Self {
        Self::of(400, 100, Some(details))
    }

    /// A part of a message that is missing.
    pub(super) fn missing(details: &str) -> Self {
        Self::of(400, 131_008, Some(details))
    }

    /// A part of a message that is there and wrong.
    pub(super) fn bad_value(details: &str) -> Self {
        Self::of(400, 131_009, Some(details))
    }

    /// A request whose token is missing or not ours.
    pub(super) fn token(message: &str) -> Self {
        Self { status: 401, code: 190, message: message.to_owned(), details: None }
    }

    /// A path that the API does not have.
    pub(super) fn unknown_path(path: &str) -> Self {
        let message = format!("Unknown path components: {path}");
        Self { status: 400, code: 2500, message, details: None }
    }

    /// The body that Meta sends.
    pub(super) fn body(&self) -> Value {
        let mut error = json!({
            "message": self.message,
            "type": "OAuthException",
            "code": self.code,
            "fbtrace_id": format!("A{}", loopback::secret()),
        });
        if let (Some(details), Some(fields)) = (&self.details, error.as_object_mut()) {
            let data = json!({ "messaging_product": "whatsapp", "details": details });
            fields.insert("error_data".to_owned(), data);
        }
        json!({ "error": error })
    }

    /// The whole answer.
    pub(super) fn answer(&self) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        HttpResponse::build(status).json(self.body())
    }
}

/// Meta's title for a code.
pub(super) fn title(code: u32) -> &'static str {
    TITLES
        .iter()
        .find_map(|(known, title)| (*known == code).then_some(*title))
        .unwrap_or("An unknown error has occurred.")
}
