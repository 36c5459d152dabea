//! Any bytes parse as a token that the service could have made, or not at all.

use super::*;
use crate::testing::scale;

/// A text with the right prefix and checksum around any body.
fn with_checksum(prefix: &str, body: &str) -> String {
    format!("{prefix}{body}{:08x}", crc32fast::hash(body.as_bytes()))
}

/// Whether a text parses as one of the two tokens; one that parses must encode its own 32 bytes.
fn parses(text: &str) -> bool {
    let (session, device) = (SessionToken::parse(text), DeviceToken::parse(text));
    let (prefix, exposed) = match (&session, &device) {
        (Err(_), Err(_)) => return false,
        (Ok(session), Err(_)) => (SESSION_PREFIX, session.expose()),
        (Err(_), Ok(device)) => (DEVICE_PREFIX, device.expose()),
        (Ok(_), Ok(_)) => panic!("two tokens in one: {text:?}"),
    };
    let body = text.strip_prefix(prefix).and_then(|rest| rest.get(..BODY_CHARS)).unwrap();
    let bytes = <[u8; 32]>::try_from(URL_SAFE_NO_PAD.decode(body).unwrap()).unwrap();
    assert_eq!((written(prefix, bytes).as_str(), exposed), (text, text));
    true
}

#[test]
fn what_parses_is_written_again_byte_for_byte() {
    let target = bolero::check!().with_iterations(scale(10_000, 1_000_000)).with_max_len(60);
    target.for_each(|bytes| {
        let text = String::from_utf8_lossy(bytes);
        // A body of the right length, mostly of characters that are valid in a token.
        let nearly: String = bytes.iter().map(|byte| char::from(b'-' + byte % 79)).collect();
        let nearly: String = nearly.chars().chain("A".repeat(43).chars()).take(43).collect();
        parses(&text);
        for prefix in [SESSION_PREFIX, DEVICE_PREFIX] {
            parses(&with_checksum(prefix, &text));
            parses(&with_checksum(prefix, &nearly));
            if let Some(bytes) = bytes.first_chunk::<32>() {
                assert!(parses(&written(prefix, *bytes)), "{bytes:?}");
            }
        }
    });
}
