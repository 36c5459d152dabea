//! The headers that every response has.

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

use crate::request_context::{REQUEST_ID, RequestContext};

/// Headers that a response has unless its handler sets another value.
const DEFAULTS: [(HeaderName, &str); 6] = [
    (header::CACHE_CONTROL, "no-store"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// Adds the headers that are missing, and the request's id.
pub(super) fn add(headers: &mut HeaderMap, context: &RequestContext) {
    for (name, value) in DEFAULTS {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    if let Ok(id) = HeaderValue::from_str(&context.request_id) {
        headers.insert(REQUEST_ID, id);
    }
}

#[cfg(test)]
mod tests {
    //! Defaults overwrite nothing.

    use ignacio_domain::locale::Locale;

    use super::*;

    #[test]
    fn a_handlers_header_is_kept() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        let context =
            RequestContext { request_id: "r".into(), locale: Locale::Es, path: "/".into() };
        add(&mut headers, &context);
        assert_eq!(headers.get(header::CACHE_CONTROL).unwrap(), "private, no-cache");
        assert_eq!(headers.get(header::X_CONTENT_TYPE_OPTIONS).unwrap(), "nosniff");
        assert_eq!(headers.get("x-request-id").unwrap(), "r");
        assert_eq!(headers.len(), 7);
    }
}
