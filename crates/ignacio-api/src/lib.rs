//! The HTTP side of Ignacio: what clients of the service see.
//!
//! A request goes through `edge` (id, language, problems, headers, log), the session check of
//! `auth`, and one handler under `routes`, which parses its input into domain values, opens
//! one scope on the database, and answers with a view. `router` lists all routes on one screen.
//! The OpenAPI document is made from the same code.

mod auth;
mod cursor;
mod disposition;
mod edge;
mod etag;
mod extract;
mod flows;
mod negotiate;
mod openapi;
mod paging;
mod problem;
mod range;
mod responders;
mod router;
mod routes;
mod server;
mod settings;
mod sniff;
mod sse;
mod state;
mod surface;
#[cfg(test)]
mod testing;
mod views;
mod webhook_signature;

pub use self::server::server;
pub use self::settings::{ApiKeys, ApiSettings, DEFAULT_UPLOAD_MAX_BYTES, WebhookSettings};
pub use self::state::{AppState, Databases};
pub use self::webhook_signature::AppSecrets;

/// The OpenAPI document of everything that is routed.
pub fn openapi() -> utoipa::openapi::OpenApi {
    openapi::document()
}

/// The same document as text, as it is served and committed to `docs/openapi.json`.
pub fn openapi_json() -> String {
    openapi::document_json()
}
