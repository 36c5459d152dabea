//! The OpenAPI document and the page that shows it.

use actix_web::http::header;
use actix_web::middleware::DefaultHeaders;
use actix_web::{HttpResponse, get, web};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::state::AppState;

const ADDRESS: &str = "/v1/openapi.json";
/// The page needs its own scripts and styles, and nothing from elsewhere.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' \
    'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
    frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Gives the contract: this document.
#[utoipa::path(
    operation_id = "show_openapi",
    tag = "operations",
    security(()),
    responses((status = OK, body = Object, content_type = "application/json")),
)]
#[get("/v1/openapi.json")]
pub(crate) async fn show(state: web::Data<AppState>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(state.document.clone())
}

/// Mounts the page, with everything that it loads.
pub(crate) fn page(config: &mut web::ServiceConfig) {
    let page = SwaggerUi::new("/{_:.*}").config(Config::from(ADDRESS));
    config.service(web::redirect("/docs", "/docs/").permanent()).service(
        web::scope("/docs")
            .wrap(DefaultHeaders::new().add((header::CONTENT_SECURITY_POLICY, PAGE_POLICY)))
            .service(page),
    );
}
