//! Whatever the headers say, a tag is known only where it stands, and every list of tags is read.

use ignacio_devstack::scale;

use super::*;
use crate::testing::headers;

const PIECES: [&str; 12] =
    ["\"abc\"", "\"abc\"", "abc", "W/", ",", ", ", ",", " ", "\"", "*", "\"x\"", "\t"];

fn entries<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Vec<&'h [u8]> {
    headers
        .get(name)
        .unwrap()
        .as_bytes()
        .split(|byte| *byte == b',')
        .map(<[u8]>::trim_ascii)
        .collect()
}

#[test]
fn a_tag_is_known_only_where_it_stands() {
    let tag = Etag::of_content("abc");
    bolero::check!().with_iterations(scale(3_000, 1_000_000)).with_max_len(8).for_each(|bytes| {
        for headers in headers(bytes, &header::IF_NONE_MATCH, &PIECES) {
            let known: [&[u8]; 3] = [b"*", b"\"abc\"", b"W/\"abc\""];
            let is_text = headers.get(header::IF_NONE_MATCH).unwrap().to_str().is_ok();
            let stands =
                entries(&headers, &header::IF_NONE_MATCH).iter().any(|it| known.contains(it));
            assert_eq!(tag.is_known_to(&headers), is_text && stands, "{headers:?}");
        }
        for headers in headers(bytes, &header::IF_RANGE, &PIECES) {
            let is_it = headers.get(header::IF_RANGE).unwrap().as_bytes() == b"\"abc\"";
            assert_eq!(tag.permits_range(&headers), is_it, "{headers:?}");
        }
        for headers in headers(bytes, &header::IF_MATCH, &PIECES) {
            // A change is let through only for the tag itself, or for any.
            let passes = IfMatch::find(&headers).unwrap().check(&"a").is_ok();
            let stands = entries(&headers, &header::IF_MATCH).contains(&b"*".as_slice());
            assert!(!passes || stands, "{headers:?}");
        }
    });
}
