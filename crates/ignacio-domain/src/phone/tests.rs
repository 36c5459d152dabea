//! However a number is typed, it is one number; what is none is refused.

use proptest::prelude::*;

use super::*;

#[test]
fn spellings_of_one_number_are_one_number() {
    for spelling in [
        "+573001234567",
        "573001234567",
        "00573001234567",
        "+57 300 123 4567",
        "+57 (300) 123-4567",
        "\u{202a}+57 300 123 4567\u{202c}",
        "＋５７３００１２３４５６７",
        " +57.300.123.4567 ",
    ] {
        assert_eq!(PhoneNumber::parse(spelling).unwrap().expose(), "+573001234567", "{spelling}");
    }
}

#[test]
fn what_is_no_number_is_refused() {
    for (text, why) in [
        ("123", PhoneError::Length),
        ("", PhoneError::Length),
        ("+5730012345678901", PhoneError::Length),
        ("+57 300 call me", PhoneError::Character),
        ("57+3001234567", PhoneError::Character),
        ("++573001234567", PhoneError::Character),
        ("+0000000000", PhoneError::CountryCode),
        ("0000000000", PhoneError::CountryCode),
        ("+03001234567", PhoneError::CountryCode),
    ] {
        assert_eq!(PhoneNumber::parse(text).unwrap_err(), why, "{text}");
    }
}

#[test]
fn a_printed_number_keeps_its_secret() {
    let phone = PhoneNumber::parse("+573001234567").unwrap();
    assert_eq!(format!("{phone} {phone:?}"), "+•••67 PhoneNumber(+•••67)");
}

proptest! {
    #[test]
    fn any_text_either_parses_to_a_fixed_point_or_fails(text in any::<String>()) {
        if let Ok(phone) = PhoneNumber::parse(&text) {
            prop_assert_eq!(PhoneNumber::parse(phone.expose()), Ok(phone.clone()));
        }
    }

    #[test]
    fn punctuation_never_changes_the_number(
        number in "[1-9][0-9]{6,14}",
        gaps in prop::collection::vec("[ .()\u{202a}\u{a0}-]{0,2}", 15),
    ) {
        let typed: String =
            number.chars().zip(gaps).flat_map(|(digit, gap)| [gap, digit.to_string()]).collect();
        let phone = PhoneNumber::parse(&typed).unwrap();
        prop_assert_eq!(phone.expose(), format!("+{number}"));
    }
}
