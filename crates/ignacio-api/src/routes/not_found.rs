//! The fallback for requests that match no route.

use actix_web::http::{Method, header};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::problem::{ApiError, ResourceKind};
use crate::route_index::RouteIndex;

/// Answers 405 or the options of a path that exists, and 404 for any other path.
pub(crate) async fn not_found(
    request: HttpRequest,
    index: web::Data<RouteIndex>,
) -> Result<HttpResponse, ApiError> {
    match index.allow(request.path()) {
        None => Err(ApiError::NotFound(ResourceKind::Route)),
        Some(allow) if request.method() == Method::OPTIONS => {
            Ok(HttpResponse::NoContent().insert_header((header::ALLOW, allow)).finish())
        }
        Some(allow) => Err(ApiError::MethodNotAllowed { allow }),
    }
}
