//! Shared helpers of the fuzz targets.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

/// A text made of one piece per fuzzer byte, which gets further into a parser than raw bytes.
pub(crate) fn spelled(bytes: &[u8], pieces: &[&str]) -> String {
    bytes.iter().map(|byte| pieces[usize::from(*byte) % pieces.len()]).collect()
}

/// Headers made from a fuzzer's bytes: one of the raw bytes, unless HTTP forbids them, and one of
/// pieces.
pub(crate) fn headers(bytes: &[u8], name: &HeaderName, pieces: &[&str]) -> Vec<HeaderMap> {
    let values = [
        HeaderValue::from_bytes(bytes),
        HeaderValue::from_bytes(spelled(bytes, pieces).as_bytes()),
    ];
    values
        .into_iter()
        .flatten()
        .map(|value| HeaderMap::from_iter([(name.clone(), value)]))
        .collect()
}
