//! Whatever a name holds, it stays within its header and comes back out of it.

use actix_web::http::header::HeaderValue;
use ignacio_devstack::scale;

use super::*;
use crate::testing::spelled;

const PIECES: [&str; 16] = [
    "a", "ñ", "\"", "\\", ";", "%", "%22", "'", "''", "\r\n", "\0", "/", "\u{202e}", "=", "*", " ",
];

#[test]
fn a_name_comes_back_out_of_its_header() {
    bolero::check!().with_iterations(scale(3_000, 1_000_000)).with_max_len(24).for_each(|bytes| {
        for name in [String::from_utf8_lossy(bytes).into_owned(), spelled(bytes, &PIECES)] {
            let value = attachment(&name).to_string();
            assert!(value.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{name:?}");
            assert_eq!(value.matches('"').count(), 2, "{name:?}");

            let header = HeaderValue::from_str(&value).unwrap();
            let read = ContentDisposition::from_raw(&header).unwrap();
            assert_eq!(read.disposition, DispositionType::Attachment, "{name:?}");
            let sent = read.get_filename_ext().map(|it| it.value.clone()).unwrap_or_default();
            assert_eq!(sent, name.as_bytes(), "{name:?}");
        }
    });
}
