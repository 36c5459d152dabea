//! Any bytes parse as six digits or not at all.

use super::*;
use crate::testing::{scale, texts};

#[test]
fn what_parses_is_six_digits() {
    bolero::check!().with_iterations(scale(20_000, 1_000_000)).with_max_len(12).for_each(|bytes| {
        for text in texts(bytes, "0123456789 -\u{a0}٠x") {
            let Ok(code) = OtpCode::parse(&text) else { continue };
            assert_eq!(code.expose().len(), CODE_DIGITS, "{text:?}");
            let typed: String = text.chars().filter(char::is_ascii_digit).collect();
            assert_eq!(typed, code.expose(), "{text:?}");
            assert_eq!(OtpCode::parse(code.expose()).unwrap().expose(), typed, "{text:?}");
        }
    });
}
