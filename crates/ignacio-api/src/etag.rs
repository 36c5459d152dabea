//! Entity tags of single resources, and the conditional headers of requests (RFC 9110, 13).

use actix_web::HttpRequest;
use actix_web::http::header::{self, EntityTag, Header as _, IfNoneMatch, IfRange};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::problem::ApiError;

/// The tag of a view: half of the hash of its JSON.
pub(crate) fn of_view(view: &impl Serialize) -> Result<EntityTag, ApiError> {
    let json = serde_json::to_vec(view).map_err(ApiError::internal)?;
    let half: Vec<u8> = Sha256::digest(json).into_iter().take(16).collect();
    of_content(&URL_SAFE_NO_PAD.encode(half))
}

/// The tag of content that this text identifies, such as its hash in hex.
pub(crate) fn of_content(text: &str) -> Result<EntityTag, ApiError> {
    // `EntityTag::new` would panic on a character that no tag may have.
    format!("\"{text}\"").parse().map_err(ApiError::internal)
}

/// Whether the client already has this, so that a 304 is enough.
pub(crate) fn is_known(request: &HttpRequest, tag: &EntityTag) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(named)) => named.iter().any(|it| it.weak_eq(tag)),
        Err(_) => false,
    }
}

/// Whether `If-Range` is absent or names exactly this tag, so that a part may be sent.
pub(crate) fn permits_range(request: &HttpRequest, tag: &EntityTag) -> bool {
    match IfRange::parse(request) {
        Ok(IfRange::EntityTag(named)) => named.strong_eq(tag),
        // No resource has a date, and an invalid header does not match.
        Ok(IfRange::Date(_)) | Err(_) => !request.headers().contains_key(header::IF_RANGE),
    }
}

/// `If-Match`, if the client sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IfMatch(header::IfMatch);

impl IfMatch {
    /// Reads the header.
    pub(crate) fn find(request: &HttpRequest) -> Option<Self> {
        if !request.headers().contains_key(header::IF_MATCH) {
            return None;
        }
        // An invalid header matches nothing.
        let named = header::IfMatch::parse(request);
        Some(Self(named.unwrap_or(header::IfMatch::Items(Vec::new()))))
    }

    /// Reads the header of a change that requires one.
    pub(crate) fn required(request: &HttpRequest) -> Result<Self, ApiError> {
        Self::find(request).ok_or(ApiError::PreconditionRequired)
    }

    /// Refuses when the object is no longer what the client read.
    pub(crate) fn check(&self, current: &impl Serialize) -> Result<(), ApiError> {
        let tag = of_view(current)?;
        match &self.0 {
            header::IfMatch::Any => Ok(()),
            header::IfMatch::Items(named) if named.iter().any(|it| it.strong_eq(&tag)) => Ok(()),
            header::IfMatch::Items(_) => Err(ApiError::PreconditionFailed),
        }
    }
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests {
    //! Tags are compared weakly for reading and strongly for changing.

    use actix_web::http::header::HeaderName;
    use actix_web::test::TestRequest;

    use super::*;

    fn with(name: HeaderName, value: &str) -> HttpRequest {
        TestRequest::get().insert_header((name, value)).to_http_request()
    }

    fn without() -> HttpRequest {
        TestRequest::get().to_http_request()
    }

    #[test]
    fn equal_views_have_equal_tags() {
        assert_eq!(of_view(&"a").unwrap(), of_view(&"a").unwrap());
        assert_ne!(of_view(&"a").unwrap(), of_view(&"b").unwrap());
        assert_eq!(of_view(&"a").unwrap().to_string().len(), 24);
        assert!(matches!(of_content("a\"b"), Err(ApiError::Internal(_))));
    }

    #[test]
    fn a_known_tag_needs_no_body() {
        let tag = of_content("abc").unwrap();
        for known in ["\"abc\"", "W/\"abc\"", "\"x\", \"abc\"", "*"] {
            assert!(is_known(&with(header::IF_NONE_MATCH, known), &tag), "{known}");
        }
        for unknown in ["\"x\"", "abc", ""] {
            assert!(!is_known(&with(header::IF_NONE_MATCH, unknown), &tag), "{unknown}");
        }
        assert!(!is_known(&without(), &tag));
    }

    #[test]
    fn if_match_compares_strongly() {
        let tag = of_view(&"a").unwrap().to_string();
        let check = |value: &str| {
            IfMatch::find(&with(header::IF_MATCH, value)).unwrap().check(&"a").is_ok()
        };
        assert!(check(&tag) && check("*"));
        assert!(!check(&format!("W/{tag}")) && !check("\"other\"") && !check(""));
        assert_eq!(IfMatch::find(&without()), None);
        let missing = IfMatch::required(&without());
        assert!(matches!(missing, Err(ApiError::PreconditionRequired)));
    }

    #[test]
    fn if_range_requires_the_exact_tag() {
        let tag = of_content("abc").unwrap();
        assert!(permits_range(&without(), &tag));
        assert!(permits_range(&with(header::IF_RANGE, "\"abc\""), &tag));
        for other in ["W/\"abc\"", "\"x\"", "abc", "", "Sat, 22 Nov 2025 10:00:00 GMT"] {
            assert!(!permits_range(&with(header::IF_RANGE, other), &tag), "{other}");
        }
    }
}
