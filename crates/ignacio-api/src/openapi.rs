//! The OpenAPI document: collected from the routes, completed with what they share.

use actix_web::App;
use actix_web::http::StatusCode;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{ArrayItems, Schema};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, OpenApi as Document, Ref, RefOr, Response};
use utoipa::{Modify, OpenApi};
use utoipa_actix_web::AppExt as _;

use crate::problem::{Problem, ProblemCode};
use crate::router;
use crate::sse::events;

const DESCRIPTION: &str = "\
Ignacio is the chat assistant for the participants of Action Lab. Users log in with their phone \
number and a one-time code, chat with Ignacio, upload documents, and get streamed replies that \
cite them.

Times are RFC 3339 in UTC, ids are UUIDs. Lists are paginated with `cursor`. Every error is a \
problem object (RFC 9457): branch on its `code`. Texts to show are in the language of \
`Accept-Language` (`es`, `en`), Spanish by default.";

#[derive(OpenApi)]
#[openapi(
    info(title = "Ignacio", version = "1.0.0", description = DESCRIPTION,
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")),
    components(
        schemas(
            ProblemCode,
            events::CreatedEvent,
            events::ToolEvent,
            events::DeltaEvent<'_>,
            events::FilePendingEvent<'_>,
            events::IncompleteEvent<'_>,
            events::TitleEvent<'_>,
            events::FailedEvent,
            events::EmptyEvent,
        ),
        responses(Problem),
    ),
    security(("bearer" = []), ("cookie" = [])),
    tags(
        (name = "login", description = "One-time codes by WhatsApp, and the sessions that they open"),
        (name = "sessions", description = "The devices that are logged in"),
        (name = "me", description = "The caller"),
        (name = "conversations", description = "Conversations with Ignacio"),
        (name = "messages", description = "Messages of conversations"),
        (name = "responses", description = "A response is one generation of a reply"),
        (name = "files", description = "Documents, images and recordings"),
        (name = "admin", description = "For admins: users, access grants, and the audit log"),
        (name = "webhooks", description = "Reports from WhatsApp"),
        (name = "operations", description = "For operators of the service"),
    ),
    modifiers(&SecuritySchemes),
)]
struct Base;

/// The two ways to present a session.
struct SecuritySchemes;

impl Modify for SecuritySchemes {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_with(Components::new);
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("opaque")
            .description(Some("The token of `POST /v1/auth/sessions`"))
            .build();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        let cookie = ApiKeyValue::with_description(
            "__Host-ignacio",
            "The same token. Requests that change something must come from our own site.",
        );
        components.add_security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    }
}

/// The document of every route.
pub(crate) fn document() -> Document {
    let (_, mut document) = App::new()
        .into_utoipa_app()
        .openapi(Base::openapi())
        .configure(router::routes)
        .split_for_parts();
    for item in document.paths.paths.values_mut() {
        let operations =
            [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            add_problem_responses(operation);
            add_descriptions(operation);
        }
    }
    if let Some(components) = &mut document.components {
        refer_to_items(components);
    }
    document
}

/// Any operation may respond with a problem, and a protected one with 401.
fn add_problem_responses(operation: &mut Operation) {
    let problem = || RefOr::<Response>::Ref(Ref::from_response_name("Problem"));
    let responses = &mut operation.responses.responses;
    responses.insert("default".to_owned(), problem());
    if operation.security.is_none() {
        responses.entry("401".to_owned()).or_insert_with(problem);
    }
}

/// OpenAPI 3.1 requires a description of every response; the default is the status's reason phrase.
fn add_descriptions(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            let status = StatusCode::from_bytes(status.as_bytes()).ok();
            let reason = status.and_then(|status| status.canonical_reason());
            response.description = reason.map_or_else(String::new, str::to_owned);
        }
    }
}

/// Pages repeat the schema of their items; a reference tells clients that it is the same.
fn refer_to_items(components: &mut Components) {
    for (name, schema) in &mut components.schemas {
        if let Some((_, item)) = name.split_once("Page_")
            && let RefOr::T(Schema::Object(page)) = schema
            && let Some(RefOr::T(Schema::Array(data))) = page.properties.get_mut("data")
        {
            data.items = ArrayItems::RefOrSchema(Box::new(Ref::from_schema_name(item).into()));
        }
    }
}

/// The document as text, with a final line break. It is the same at every call.
pub(crate) fn document_json() -> String {
    let mut json = document().to_pretty_json().unwrap_or_default();
    json.push('\n');
    json
}

#[cfg(test)]
mod tests;
