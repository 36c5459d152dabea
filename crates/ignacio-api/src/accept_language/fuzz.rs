//! Whatever bytes come as `Accept-Language`, the response is in a language that they name, and in the
//! best one where they are well formed.

use actix_web::http::header::{self, HeaderValue};
use actix_web::test::TestRequest;
use ignacio_devstack::scale;

use super::*;
use crate::testing::requests;

const PIECES: [&str; 14] =
    ["es", "en", "EN", "-", "CO", ",", ", ", ";", "q=", ";q=0", ";q=0.5", "*", " ", "1"];
const TAGS: [&str; 6] = ["es", "en", "es-CO", "EN-gb", "fr", "*"];
const QUALITIES: [(&str, u16); 5] =
    [("", 1000), (";q=1", 1000), ("; q=0.5", 500), (";q=0.001", 1), (";q=0", 0)];

/// A well-formed value, one range for each byte, and the language that it prefers.
fn well_formed(bytes: &[u8]) -> (String, Locale) {
    let mut best: Option<(u16, Locale)> = None;
    let ranges: Vec<_> = bytes
        .iter()
        .map(|byte| {
            let tag = TAGS[usize::from(*byte) % TAGS.len()];
            let (suffix, quality) = QUALITIES[usize::from(*byte) / TAGS.len() % QUALITIES.len()];
            let primary = tag.split('-').next().unwrap().to_ascii_lowercase();
            if let Ok(locale) = primary.parse()
                && quality > best.map_or(0, |(so_far, _)| so_far)
            {
                best = Some((quality, locale));
            }
            format!("{tag}{suffix}")
        })
        .collect();
    (ranges.join(", "), best.map_or(Locale::Es, |(_, locale)| locale))
}

#[test]
fn the_language_is_named_and_the_best() {
    bolero::check!().with_iterations(scale(3_000, 1_000_000)).with_max_len(16).for_each(|bytes| {
        for request in requests(bytes, &header::ACCEPT_LANGUAGE, &PIECES) {
            let value = request.headers().get(header::ACCEPT_LANGUAGE).map(HeaderValue::as_bytes);
            let text = String::from_utf8_lossy(value.unwrap()).to_ascii_lowercase();
            let is_named = text.split(',').any(|entry| entry.trim().starts_with("en"));
            assert!(locale(&request) == Locale::Es || is_named, "{request:?}");
        }
        let (value, expected) = well_formed(bytes);
        let request = TestRequest::get().insert_header((header::ACCEPT_LANGUAGE, value.as_str()));
        assert_eq!(locale(&request.to_http_request()), expected, "{value:?}");
    });
}
