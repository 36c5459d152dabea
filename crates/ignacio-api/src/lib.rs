//! The HTTP side of Ignacio: what clients of the service see.
//!
//! A request passes through `middleware` (id, language, problems, headers, log, authentication) to
//! one handler under `routes`. The handler parses its input into domain values, opens a scope on the
//! database or calls a read that verifies the session itself, and returns a view. `router` lists all
//! routes. The OpenAPI document is generated from the same code.

mod accept_language;
mod auth;
mod cursor;
mod disposition;
mod etag;
mod extract;
mod flows;
mod middleware;
mod negotiate;
mod openapi;
mod paging;
mod problem;
mod range;
mod request_context;
mod responders;
mod route_index;
mod router;
mod routes;
mod server;
mod settings;
mod sniff;
mod sse;
mod state;
#[cfg(test)]
mod testing;
mod views;
mod webhook_signature;

pub use self::server::server;
pub use self::settings::{ApiKeys, ApiSettings, DEFAULT_UPLOAD_MAX_BYTES, WebhookSettings};
pub use self::state::{AppState, Databases};
pub use self::webhook_signature::AppSecrets;

/// The OpenAPI document of every route.
pub fn openapi() -> utoipa::openapi::OpenApi {
    openapi::document()
}

/// The same document as text: served to clients, and committed as `docs/openapi.json`.
pub fn openapi_json() -> String {
    openapi::document_json()
}
