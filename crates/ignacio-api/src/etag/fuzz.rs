//! Whatever a header says, a tag matches only where it is named.

use actix_web::HttpRequest;
use actix_web::http::header::HeaderName;
use ignacio_devstack::scale;

use super::*;
use crate::testing::requests;

const PIECES: [&str; 12] =
    ["\"abc\"", "\"abc\"", "abc", "W/", ",", ", ", ",", " ", "\"", "*", "\"x\"", "\t"];

fn value<'r>(request: &'r HttpRequest, name: &HeaderName) -> &'r [u8] {
    request.headers().get(name).unwrap().as_bytes()
}

fn names(value: &[u8], wanted: &[&[u8]]) -> bool {
    value.split(|byte| *byte == b',').any(|entry| wanted.contains(&entry.trim_ascii()))
}

#[test]
fn a_tag_is_known_only_where_it_is_named() {
    let tag = of_content("abc").unwrap();
    bolero::check!().with_iterations(scale(3_000, 1_000_000)).with_max_len(8).for_each(|bytes| {
        for request in requests(bytes, &header::IF_NONE_MATCH, &PIECES) {
            let value = value(&request, &header::IF_NONE_MATCH);
            let is_text = str::from_utf8(value).is_ok_and(str::is_ascii);
            let is_any = value.trim_ascii() == b"*";
            let is_named = is_any || names(value, &[b"\"abc\"", b"W/\"abc\""]);
            assert_eq!(is_known(&request, &tag), is_text && is_named, "{request:?}");
        }
        for request in requests(bytes, &header::IF_RANGE, &PIECES) {
            let is_it = value(&request, &header::IF_RANGE) == b"\"abc\"";
            assert_eq!(permits_range(&request, &tag), is_it, "{request:?}");
        }
        for request in requests(bytes, &header::IF_MATCH, &PIECES) {
            // A change passes only for the tag itself, or for any.
            let passes = IfMatch::find(&request).unwrap().check(&"a").is_ok();
            let is_any = value(&request, &header::IF_MATCH).trim_ascii() == b"*";
            assert!(!passes || is_any, "{request:?}");
        }
    });
}
