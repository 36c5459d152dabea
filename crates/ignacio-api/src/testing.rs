//! What the fuzz targets of this crate share.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

/// A text out of pieces, one for each of a fuzzer's bytes: it gets further into a parser than bytes
/// alone.
pub(crate) fn spelled(bytes: &[u8], pieces: &[&str]) -> String {
    bytes.iter().map(|byte| pieces[usize::from(*byte) % pieces.len()]).collect()
}

/// The two headers that a fuzzer's bytes make, as they are and as pieces; bytes that HTTP does not
/// let through make one.
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
