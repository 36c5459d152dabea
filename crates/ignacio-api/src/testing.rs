//! Shared helpers of the fuzz targets.

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::test::TestRequest;

/// A text made of one piece per fuzzer byte, which gets further into a parser than raw bytes.
pub(crate) fn spelled(bytes: &[u8], pieces: &[&str]) -> String {
    bytes.iter().map(|byte| pieces[usize::from(*byte) % pieces.len()]).collect()
}

/// Headers made from a fuzzer's bytes: one of the raw bytes, unless HTTP forbids them, and one of
/// pieces.
pub(crate) fn headers(bytes: &[u8], name: &HeaderName, pieces: &[&str]) -> Vec<HeaderMap> {
    values(bytes, pieces).map(|value| HeaderMap::from_iter([(name.clone(), value)])).collect()
}

/// Two requests with these headers.
pub(crate) fn requests(bytes: &[u8], name: &HeaderName, pieces: &[&str]) -> Vec<HttpRequest> {
    let request = |value| TestRequest::get().insert_header((name.clone(), value));
    values(bytes, pieces).map(|value| request(value).to_http_request()).collect()
}

fn values(bytes: &[u8], pieces: &[&str]) -> impl Iterator<Item = HeaderValue> {
    let spelled = HeaderValue::from_bytes(spelled(bytes, pieces).as_bytes());
    [HeaderValue::from_bytes(bytes), spelled].into_iter().flatten()
}
