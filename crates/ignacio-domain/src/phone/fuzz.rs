//! Any bytes parse as a canonical number or not at all.

use super::*;
use crate::testing::{scale, texts};

/// Digits of three scripts, plus signs, fillers, and a few that have no place in a number.
const ALPHABET: &str =
    "0123456789０５９٠٥٩۰۵۹++＋ --.(()) \u{a0}\u{200e}\u{202e}\u{2066}\u{61c}/x\0,\n";

#[test]
fn what_parses_is_canonical() {
    bolero::check!().with_iterations(scale(20_000, 1_000_000)).with_max_len(48).for_each(|bytes| {
        for text in texts(bytes, ALPHABET) {
            let Ok(phone) = PhoneNumber::parse(&text) else { continue };
            let digits = phone.expose().strip_prefix('+').unwrap();
            assert!((7..=15).contains(&digits.len()), "{text:?}");
            assert!(digits.bytes().all(|digit| digit.is_ascii_digit()), "{text:?}");
            assert!(!digits.starts_with('0'), "{text:?}");
            assert_eq!(PhoneNumber::parse(phone.expose()).as_ref(), Ok(&phone), "{text:?}");

            let typed: String = text.chars().filter_map(ascii_digit).collect();
            assert!(typed == digits || typed == format!("00{digits}"), "{text:?}");
        }
    });
}
