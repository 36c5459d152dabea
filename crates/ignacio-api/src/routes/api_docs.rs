//! The OpenAPI document, and Swagger UI to read it.

use actix_web::http::header;
use actix_web::middleware::DefaultHeaders;
use actix_web::{HttpResponse, get, web};
use bytes::Bytes;
use utoipa_swagger_ui::{Config, SwaggerUi};

/// The OpenAPI document as it is served.
pub(crate) struct OpenApiJson(pub(crate) Bytes);

const PATH: &str = "/v1/openapi.json";
/// Swagger UI loads its own scripts and styles, and nothing from other sites.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' \
    'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
    frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Shows the contract: this document.
#[utoipa::path(
    tag = "operations",
    security(()),
    responses((status = OK, body = Object, content_type = "application/json")),
)]
#[get("/v1/openapi.json")]
pub(crate) async fn show_openapi(document: web::Data<OpenApiJson>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(document.0.clone())
}

/// Mounts Swagger UI under `/docs/`.
pub(crate) fn swagger_ui(config: &mut web::ServiceConfig) {
    let page = SwaggerUi::new("/{_:.*}").config(Config::from(PATH));
    config.service(web::redirect("/docs", "/docs/").permanent()).service(
        web::scope("/docs")
            .wrap(
                DefaultHeaders::new()
                    .add((header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY)),
            )
            .service(page),
    );
}
