//! The routes of the stand-in.

use actix_web::{HttpRequest, HttpResponse, ResponseError as _, middleware::from_fn, web};
use serde::Serialize;
use serde_json::json;

use crate::openai::{
    api_error::ApiError, control, files, middleware::intercept, responses, state::State,
    vector_store_files, vector_stores,
};

/// A JSON body may be this large: images and documents can come inside it.
const MAX_BODY: usize = 128 * 1024 * 1024;

/// What a handler gets and what it returns.
pub(crate) type Data = web::Data<State>;
pub(crate) type ApiResult = Result<HttpResponse, ApiError>;

/// 200 with a body of JSON.
#[expect(clippy::unnecessary_wraps, reason = "every handler ends with it")]
pub(crate) fn ok(body: impl Serialize) -> ApiResult {
    Ok(HttpResponse::Ok().json(body))
}

/// 200 after a deletion.
pub(crate) fn deleted(id: &str, object: &str) -> ApiResult {
    ok(json!({ "id": id, "object": object, "deleted": true }))
}

/// Mounts everything.
pub(crate) fn configure(config: &mut web::ServiceConfig, state: Data) {
    let all = web::scope("")
        .app_data(state)
        .app_data(web::PayloadConfig::new(MAX_BODY))
        .wrap(from_fn(intercept))
        .configure(routes)
        .configure(vector_store_routes)
        .configure(control::routes)
        .default_service(web::to(not_found));
    config.service(all);
}

fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/v1/files", web::post().to(files::create))
        .route("/v1/files", web::get().to(files::list))
        .route("/v1/files/{id}", web::get().to(files::find))
        .route("/v1/files/{id}", web::delete().to(files::delete))
        .route("/v1/files/{id}/content", web::get().to(files::content))
        .route("/v1/responses", web::post().to(responses::create))
        .route("/v1/responses/input_tokens", web::post().to(responses::count_tokens))
        .route("/v1/responses/{id}", web::get().to(responses::find))
        .route("/v1/responses/{id}", web::delete().to(responses::delete))
        .route("/v1/responses/{id}/cancel", web::post().to(responses::cancel))
        .route("/v1/responses/{id}/input_items", web::get().to(responses::input_items));
}

fn vector_store_routes(config: &mut web::ServiceConfig) {
    const FILES: &str = "/v1/vector_stores/{id}/files";
    const FILE: &str = "/v1/vector_stores/{id}/files/{file}";
    config
        .route("/v1/vector_stores", web::post().to(vector_stores::create))
        .route("/v1/vector_stores", web::get().to(vector_stores::list))
        .route("/v1/vector_stores/{id}", web::get().to(vector_stores::find))
        .route("/v1/vector_stores/{id}", web::post().to(vector_stores::update))
        .route("/v1/vector_stores/{id}", web::delete().to(vector_stores::delete))
        .route("/v1/vector_stores/{id}/search", web::post().to(vector_stores::search))
        .route(FILES, web::post().to(vector_store_files::attach))
        .route(FILES, web::get().to(vector_store_files::list))
        .route(FILE, web::get().to(vector_store_files::find))
        .route(FILE, web::post().to(vector_store_files::update))
        .route(FILE, web::delete().to(vector_store_files::detach))
        .route(&format!("{FILE}/content"), web::get().to(vector_store_files::content));
}

async fn not_found(request: HttpRequest) -> HttpResponse {
    let message = format!("Invalid URL ({} {})", request.method(), request.path());
    ApiError::not_found(message).error_response()
}
