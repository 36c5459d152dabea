//! What the edge knows of a request: its id, its language, its path.

use std::future::{Ready, ready};

use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::header::{self, HeaderMap};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use ignacio_domain::ids::RequestId;
use ignacio_domain::locale::Locale;

use crate::problem::ApiError;

/// The header that carries a request's id in both directions.
pub(super) const REQUEST_ID: header::HeaderName = header::HeaderName::from_static("x-request-id");
const MAX_ID_CHARS: usize = 64;

/// What every answer to a request needs to know about it.
#[derive(Clone, Debug)]
pub(crate) struct RequestContext {
    /// The client's id for the request when it sent a sane one, else ours.
    pub(crate) request_id: String,
    /// The language of `Accept-Language`, Spanish unless it says otherwise.
    pub(crate) locale: Locale,
    /// The path, without the query.
    pub(crate) path: String,
}

impl RequestContext {
    /// Reads the head of a request.
    pub(super) fn of(request: &ServiceRequest) -> Self {
        Self {
            request_id: request_id(request.headers()),
            locale: locale(request.headers()),
            path: request.path().to_owned(),
        }
    }
}

fn request_id(headers: &HeaderMap) -> String {
    headers
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|text| is_sane(text))
        .map_or_else(|| RequestId::new().to_string(), str::to_owned)
}

/// Ids end up in logs and in headers: only short, plain ones are taken over.
fn is_sane(text: &str) -> bool {
    (1..=MAX_ID_CHARS).contains(&text.len())
        && text.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_' | b'.'))
}

fn locale(headers: &HeaderMap) -> Locale {
    headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .and_then(Locale::negotiate)
        .unwrap_or_default()
}

impl FromRequest for RequestContext {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let context = request.extensions().get::<Self>().cloned();
        ready(context.ok_or_else(|| ApiError::internal("the edge is not in place")))
    }
}

#[cfg(test)]
mod tests {
    //! Only sane ids are taken over; the language falls back to Spanish.

    use actix_web::test::TestRequest;

    use super::*;

    fn context(name: &'static str, value: &str) -> RequestContext {
        let request = TestRequest::get().uri("/v1/me?phone=1").insert_header((name, value));
        RequestContext::of(&request.to_srv_request())
    }

    #[test]
    fn a_sane_request_id_is_taken_over() {
        assert_eq!(context("x-request-id", "abc-1.2_3").request_id, "abc-1.2_3");
        let too_long = "x".repeat(65);
        for odd in ["", "a b", "a\tb", "{}", too_long.as_str()] {
            assert_eq!(context("x-request-id", odd).request_id.len(), 36, "{odd}");
        }
    }

    #[test]
    fn the_language_is_negotiated() {
        assert_eq!(context("accept-language", "es-CO").locale, Locale::Es);
        assert_eq!(context("accept-language", "en-GB, es;q=0.3").locale, Locale::En);
        assert_eq!(context("accept-language", "fr").locale, Locale::Es);
        assert_eq!(context("x-other", "en").locale, Locale::Es);
    }

    #[test]
    fn the_path_has_no_query() {
        assert_eq!(context("x-other", "").path, "/v1/me");
    }
}
