//! What every response needs to know about its request: id, language, path.

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{self, HeaderMap};
use ignacio_domain::ids::RequestId;
use ignacio_domain::locale::Locale;

use crate::accept_language;

/// The header that carries a request's id in both directions.
pub(crate) const REQUEST_ID: header::HeaderName = header::HeaderName::from_static("x-request-id");
const MAX_ID_CHARS: usize = 64;

/// The id, language and path of a request.
#[derive(Clone, Debug)]
pub(crate) struct RequestContext {
    /// The client's id for the request if it sent a valid one, else a new one.
    pub(crate) request_id: String,
    /// The language of `Accept-Language`; Spanish by default.
    pub(crate) locale: Locale,
    /// The path, without the query.
    pub(crate) path: String,
}

impl RequestContext {
    /// Reads the headers of a request.
    pub(crate) fn of(request: &ServiceRequest) -> Self {
        Self {
            request_id: request_id(request.headers()),
            locale: accept_language::locale(request),
            path: request.path().to_owned(),
        }
    }
}

fn request_id(headers: &HeaderMap) -> String {
    headers
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|text| is_valid_id(text))
        .map_or_else(|| RequestId::new().to_string(), str::to_owned)
}

/// Ids end up in logs and in headers, so only short, plain ones are accepted.
fn is_valid_id(text: &str) -> bool {
    (1..=MAX_ID_CHARS).contains(&text.len())
        && text.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    //! Only valid ids are kept; the language falls back to Spanish.

    use actix_web::test::TestRequest;

    use super::*;

    fn context(name: &'static str, value: &str) -> RequestContext {
        let request = TestRequest::get().uri("/v1/me?phone=1").insert_header((name, value));
        RequestContext::of(&request.to_srv_request())
    }

    #[test]
    fn a_valid_request_id_is_kept() {
        assert_eq!(context("x-request-id", "abc-1.2_3").request_id, "abc-1.2_3");
        let too_long = "x".repeat(65);
        for invalid in ["", "a b", "a\tb", "{}", too_long.as_str()] {
            assert_eq!(context("x-request-id", invalid).request_id.len(), 36, "{invalid}");
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
