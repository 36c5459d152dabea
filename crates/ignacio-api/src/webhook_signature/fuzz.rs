//! Nobody who does not know the secret gets a body accepted, whatever they send (promise G1).

use actix_web::http::header::HeaderValue;
use ignacio_devstack::{scale, whatsapp::sign};

use super::*;
use crate::testing::headers;

const SECRET: &str = "app-secret";
/// Pieces of headers that are almost right.
const PIECES: [&str; 12] = [
    "sha256=", "sha256=", "sha1=", "0", "f", "00000000", "deadbeef", "5bdcc146", " ", ",", "g", "=",
];

fn ours() -> AppSecrets {
    AppSecrets::new([SecretString::from(SECRET)])
}

fn is_accepted(headers: &HeaderMap, body: &[u8]) -> bool {
    Signature::find(headers).is_some_and(|it| it.verifies(body, &ours()))
}

#[test]
fn no_forged_header_is_accepted() {
    bolero::check!().with_iterations(scale(10_000, 1_000_000)).with_max_len(72).for_each(|bytes| {
        for headers in headers(bytes, &HEADER, &PIECES) {
            assert!(!is_accepted(&headers, bytes), "{headers:?}");
        }
        // The right form, and digits that bytes choose.
        let hex: String = (0..64)
            .map(|place| bytes.get(place % bytes.len().max(1)).map_or(0, |it| it >> (place / 32)))
            .map(|it| char::from_digit(u32::from(it % 16), 16).unwrap())
            .collect();
        let value = HeaderValue::from_str(&format!("sha256={hex}")).unwrap();
        let headers = HeaderMap::from_iter([(HEADER, value)]);
        assert!(Signature::find(&headers).is_some());
        assert!(!is_accepted(&headers, bytes), "{headers:?}");
    });
}

#[test]
fn no_changed_body_and_no_other_secret_is_accepted() {
    bolero::check!().with_iterations(scale(5_000, 500_000)).with_max_len(256).for_each(|bytes| {
        let signed = |secret: &str| {
            let value = HeaderValue::from_str(&sign(secret, bytes)).unwrap();
            HeaderMap::from_iter([(HEADER, value)])
        };
        let good = signed(SECRET);
        assert!(is_accepted(&good, bytes));
        let place = bytes.first().map_or(0, |it| usize::from(*it));
        let mut changed = bytes.to_vec();
        match changed.get_mut(place) {
            Some(byte) => *byte ^= 1 << (place % 8),
            None => changed.push(0),
        }
        assert!(!is_accepted(&good, &changed));
        assert!(!is_accepted(&good, bytes.split_last().map_or(b"x", |(_, rest)| rest)));
        let other = String::from_utf8_lossy(bytes);
        assert!(other == SECRET || !is_accepted(&signed(&other), bytes));
    });
}
