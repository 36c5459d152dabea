//! All spellings of a number parse to the same number; anything invalid or ambiguous is rejected.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::testing::scale;

/// The digits that users type: plain, full-width, Arabic-Indic, and Persian.
const ZEROS: [char; 4] = ['0', '０', '\u{660}', '\u{6f0}'];
/// What may stand between digits, brackets aside.
const FILLERS: [&str; 17] = [
    "",
    "",
    " ",
    "-",
    ".",
    " - ",
    "\u{a0}",
    "\u{2009}",
    "\u{202f}",
    "\u{3000}",
    "‑",
    "–",
    "\u{200b}",
    "\u{200e}",
    "\u{202a}",
    "\u{202c}\u{2069}",
    "\u{61c}",
];

fn in_script(digit: char, zero: char) -> char {
    char::from_u32(u32::from(zero) + digit.to_digit(10).unwrap()).unwrap()
}

/// Every spelling of this number that must parse: the first two digits are the country code, the
/// next three the area.
fn spellings(number: &'static str) -> impl Strategy<Value = String> {
    let digit = (select(&ZEROS[..]), select(&FILLERS[..]));
    let ways = prop::collection::vec(digit, number.len() + 2);
    (select(&["+", "＋", "00", ""][..]), select(&[0, 1, 2][..]), ways).prop_map(
        move |(prefix, brackets, ways)| {
            let mut ways = ways.into_iter();
            let mut write = |digit: char| match ways.next() {
                Some((zero, filler)) if digit.is_ascii_digit() => {
                    format!("{}{filler}", in_script(digit, zero))
                }
                _ => digit.to_string(),
            };
            let mut text: String = prefix.chars().map(&mut write).collect();
            for (place, digit) in number.chars().enumerate() {
                let (open, close) = match (brackets, place) {
                    (1, 0) | (2, 2) => ("(", ""),
                    (1, 1) | (2, 4) => ("", ")"),
                    _ => ("", ""),
                };
                text = format!("{text}{open}{}{close}", write(digit));
            }
            text
        },
    )
}

/// A character that has no place in a number.
fn intruders() -> impl Strategy<Value = char> {
    let odd = "aZxñ#*,;:=/\\'\"_~٪∞②²५🄌\0\u{7f}\u{301}\u{20e3}\u{fe0f}\u{202f}".chars();
    let odd: Vec<char> = odd.collect();
    prop_oneof![select(odd), any::<char>()].prop_filter("has a meaning", |it| {
        !is_filler(*it)
            && !it.is_whitespace()
            && ascii_digit(*it).is_none()
            && !"+＋()（）".contains(*it)
    })
}

#[test]
fn spellings_of_one_number_are_one_number() {
    for spelling in [
        "+573001234567",
        "573001234567",
        "00573001234567",
        "+57 300 123 4567",
        "+57 (300) 123-4567",
        "(+57) 300 123 4567",
        "(0057) 300 123 4567",
        "+57（300）123－4567",
        "\u{202a}+57 300 123 4567\u{202c}",
        "＋５７３００１２３４５６７",
        "+٥٧٣٠٠١٢٣٤٥٦٧",
        " +57.300.123.4567 ",
        "\t+57 300 123 4567\r\n",
    ] {
        assert_eq!(PhoneNumber::parse(spelling).unwrap().expose(), "+573001234567", "{spelling}");
    }
}

#[test]
fn invalid_numbers_are_rejected() {
    for (text, why) in [
        ("123", PhoneError::Length),
        ("", PhoneError::Length),
        ("+", PhoneError::Length),
        ("+5730012345678901", PhoneError::Length),
        ("005730012345678901", PhoneError::Length),
        ("+57 300 call me", PhoneError::Character),
        ("57+3001234567", PhoneError::Character),
        ("++573001234567", PhoneError::Character),
        ("+57+3001234567", PhoneError::Character),
        ("tel:+573001234567", PhoneError::Character),
        ("+573001234567 ext. 5", PhoneError::Character),
        ("+573001234567;ext=5", PhoneError::Character),
        ("+573001234567#5", PhoneError::Character),
        ("+57300123\0\u{34}567", PhoneError::Character),
        ("+5\u{301}73001234567", PhoneError::Character),
        ("+0000000000", PhoneError::CountryCode),
        ("0000000000", PhoneError::CountryCode),
        ("+03001234567", PhoneError::CountryCode),
        ("+00573001234567", PhoneError::CountryCode),
        ("000573001234567", PhoneError::CountryCode),
        ("011573001234567", PhoneError::CountryCode),
    ] {
        assert_eq!(PhoneNumber::parse(text).unwrap_err(), why, "{text:?}");
    }
}

#[test]
fn ambiguous_numbers_are_rejected() {
    for text in [
        "5712345/6712345",
        "5712345, 6712345",
        "5712345;6712345",
        "5712345\n6712345",
        "5712345\t6712345",
        "+5712345 +6712345",
        "5712345 o 6712345",
    ] {
        assert_eq!(PhoneNumber::parse(text).unwrap_err(), PhoneError::Character, "{text:?}");
    }
}

#[test]
fn brackets_hold_a_group_and_no_national_zero() {
    for text in [
        "+57 (0)300 1234567",
        "+57 (0300) 1234567",
        "0057(0)3001234567",
        "+57 (٠)300 1234567",
        "+57 (300 1234567",
        "+57 300) 1234567",
        "+57 ((300)) 1234567",
        "+57 () 300 1234567",
        "(+) 57 300 1234567",
    ] {
        assert_eq!(PhoneNumber::parse(text).unwrap_err(), PhoneError::Character, "{text}");
    }
}

#[test]
fn no_number_of_zeros_is_a_number() {
    for zero in ZEROS {
        for n_zeros in 0..300 {
            let zeros = zero.to_string().repeat(n_zeros);
            for text in [zeros.clone(), format!("+{zeros}"), format!("＋ ({zeros})")] {
                assert!(PhoneNumber::parse(&text).is_err(), "{text}");
            }
        }
    }
}

#[test]
fn a_long_text_is_not_read() {
    let padded = |spaces: usize| format!("+573001234567{}", " ".repeat(spaces));
    assert!(PhoneNumber::parse(&padded(MAX_BYTES - 13)).is_ok());
    assert_eq!(PhoneNumber::parse(&padded(MAX_BYTES - 12)).unwrap_err(), PhoneError::Length);
    // Not even its first character is parsed.
    assert_eq!(PhoneNumber::parse(&"x".repeat(5_000_000)).unwrap_err(), PhoneError::Length);
}

#[test]
fn a_printed_number_keeps_its_secret() {
    let phone = PhoneNumber::parse("+573001234567").unwrap();
    assert_eq!(format!("{phone} {phone:?}"), "+•••67 PhoneNumber(+•••67)");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(scale(2_000, 100_000)))]

    #[test]
    fn every_spelling_is_the_one_number(text in spellings("573001234567")) {
        let phone = PhoneNumber::parse(&text).unwrap();
        prop_assert_eq!(phone.expose(), "+573001234567");
    }

    #[test]
    fn one_invalid_character_rejects_any_spelling(
        text in spellings("573001234567"),
        odd in intruders(),
        place in any::<prop::sample::Index>(),
    ) {
        let mut characters: Vec<char> = text.chars().collect();
        characters.insert(place.index(characters.len() + 1), odd);
        let spoilt: String = characters.into_iter().collect();
        prop_assert_eq!(PhoneNumber::parse(&spoilt), Err(PhoneError::Character));
    }

    #[test]
    fn a_plus_after_a_digit_is_rejected(text in spellings("573001234567")) {
        prop_assert_eq!(PhoneNumber::parse(&format!("{text}+")), Err(PhoneError::Character));
    }

    #[test]
    fn punctuation_never_changes_the_number(
        number in "[1-9][0-9]{6,14}",
        gaps in prop::collection::vec("[ .\u{202a}\u{a0}-]{0,2}", 15),
    ) {
        let typed: String =
            number.chars().zip(gaps).flat_map(|(digit, gap)| [gap, digit.to_string()]).collect();
        let phone = PhoneNumber::parse(&typed).unwrap();
        prop_assert_eq!(phone.expose(), format!("+{number}"));
    }
}
