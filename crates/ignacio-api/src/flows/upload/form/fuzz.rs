//! Whatever a part of a form calls its file, the name is harmless or there is none.

use actix_web::http::header::HeaderValue;
use ignacio_devstack::scale;
use ignacio_domain::file::MAX_NAME_BYTES;

use super::*;
use crate::testing::spelled;

const PIECES: [&str; 20] = [
    "form-data",
    "; ",
    ";",
    "name=\"file\"",
    "filename=",
    "filename*=",
    "UTF-8''",
    "utf-8'en'",
    "iso-8859-1''",
    "\"",
    "\\\"",
    "\\",
    "%22",
    "%2F..%2F",
    "%00",
    "%",
    "a.pdf",
    "ñ",
    "../",
    "=",
];

fn name_is_harmless(value: &[u8]) {
    let Ok(header) = HeaderValue::from_bytes(value) else { return };
    let Ok(disposition) = ContentDisposition::from_raw(&header) else { return };
    let Some(Ok(name)) = sent_name(&disposition).map(|sent| FileName::parse(&sent)) else { return };
    let name = name.as_str();
    assert!((1..=MAX_NAME_BYTES).contains(&name.len()), "{header:?}");
    assert!(!name.contains(['/', '\\']) && !name.chars().any(char::is_control), "{header:?}");
    assert!(name != "." && name != "..", "{header:?}");
    assert_eq!(name, name.trim(), "{header:?}");
}

#[test]
fn the_name_of_a_part_is_harmless() {
    bolero::check!().with_iterations(scale(3_000, 1_000_000)).with_max_len(24).for_each(|bytes| {
        let spelled = spelled(bytes, &PIECES);
        name_is_harmless(bytes);
        name_is_harmless(spelled.as_bytes());
        name_is_harmless(format!("form-data; name=\"file\"; filename=\"{spelled}\"").as_bytes());
        name_is_harmless(
            format!("form-data; name=\"file\"; filename*=UTF-8''{spelled}").as_bytes(),
        );
    });
}
