//! Entity tags of single objects, and what a request says about them (RFC 9110, 13).

use actix_web::http::header::{self, HeaderMap, HeaderName};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::problem::ApiError;

/// A strong entity tag, quotes included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Etag(String);

impl Etag {
    /// The tag of a view: a hash of the JSON that is sent.
    pub(crate) fn of(view: &impl Serialize) -> Result<Self, ApiError> {
        let json = serde_json::to_vec(view).map_err(ApiError::internal)?;
        let digest = Sha256::digest(json);
        let half: Vec<u8> = digest.into_iter().take(16).collect();
        Ok(Self(format!("\"{}\"", URL_SAFE_NO_PAD.encode(half))))
    }

    /// The tag of bytes with this SHA-256, in hex.
    pub(crate) fn of_content(sha256: &str) -> Self {
        Self(format!("\"{sha256}\""))
    }

    /// The tag as it stands in `ETag`.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the client has this already, so that a 304 is enough.
    pub(crate) fn is_known_to(&self, headers: &HeaderMap) -> bool {
        // If-None-Match compares weakly.
        tags(headers, header::IF_NONE_MATCH)
            .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == self.0)
    }

    /// Whether `If-Range` is absent or names exactly this, so that a part may be sent.
    pub(crate) fn permits_range(&self, headers: &HeaderMap) -> bool {
        headers.get(header::IF_RANGE).is_none_or(|value| value.as_bytes() == self.0.as_bytes())
    }
}

/// `If-Match`, when the client sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IfMatch(Vec<String>);

impl IfMatch {
    /// Reads the header.
    pub(crate) fn find(headers: &HeaderMap) -> Option<Self> {
        let named: Vec<_> = tags(headers, header::IF_MATCH).map(str::to_owned).collect();
        headers.contains_key(header::IF_MATCH).then_some(Self(named))
    }

    /// Reads the header of a change that is not taken without.
    pub(crate) fn required(headers: &HeaderMap) -> Result<Self, ApiError> {
        Self::find(headers).ok_or(ApiError::PreconditionRequired)
    }

    /// Refuses when the object is no longer what the client read.
    pub(crate) fn check(&self, current: &impl Serialize) -> Result<(), ApiError> {
        let tag = Etag::of(current)?;
        // If-Match compares strongly: a weak tag never matches.
        if self.0.iter().any(|named| named == "*" || *named == tag.0) {
            Ok(())
        } else {
            Err(ApiError::PreconditionFailed)
        }
    }
}

/// Our tags hold no commas, so a plain split reads the ones that could match.
fn tags(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    headers
        .get_all(name)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','))
        .map(str::trim)
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests {
    //! Tags are compared weakly for reading and strongly for changing.

    use actix_web::http::header::HeaderValue;

    use super::*;

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_str(value).unwrap());
        headers
    }

    #[test]
    fn equal_views_have_equal_tags() {
        assert_eq!(Etag::of(&"a").unwrap(), Etag::of(&"a").unwrap());
        assert_ne!(Etag::of(&"a").unwrap(), Etag::of(&"b").unwrap());
        assert_eq!(Etag::of(&"a").unwrap().as_str().len(), 24);
    }

    #[test]
    fn a_known_tag_needs_no_body() {
        let tag = Etag::of_content("abc");
        for known in ["\"abc\"", "W/\"abc\"", "\"x\", \"abc\"", "*"] {
            assert!(tag.is_known_to(&headers(header::IF_NONE_MATCH, known)), "{known}");
        }
        for unknown in ["\"x\"", "abc", ""] {
            assert!(!tag.is_known_to(&headers(header::IF_NONE_MATCH, unknown)), "{unknown}");
        }
        assert!(!tag.is_known_to(&HeaderMap::new()));
    }

    #[test]
    fn if_match_compares_strongly() {
        let tag = Etag::of(&"a").unwrap();
        let check = |value: &str| {
            IfMatch::find(&headers(header::IF_MATCH, value)).unwrap().check(&"a").is_ok()
        };
        assert!(check(tag.as_str()) && check("*"));
        assert!(!check(&format!("W/{}", tag.as_str())) && !check("\"other\"") && !check(""));
        assert_eq!(IfMatch::find(&HeaderMap::new()), None);
        let missing = IfMatch::required(&HeaderMap::new());
        assert!(matches!(missing, Err(ApiError::PreconditionRequired)));
    }

    #[test]
    fn if_range_wants_the_very_tag() {
        let tag = Etag::of_content("abc");
        assert!(tag.permits_range(&HeaderMap::new()));
        assert!(tag.permits_range(&headers(header::IF_RANGE, "\"abc\"")));
        assert!(!tag.permits_range(&headers(header::IF_RANGE, "W/\"abc\"")));
        assert!(!tag.permits_range(&headers(header::IF_RANGE, "Sat, 22 Nov 2025 10:00:00 GMT")));
    }
}
