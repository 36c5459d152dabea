//! Codes are fair, forgiving to type, bound to their challenge, and never shown.

use super::*;

fn phone(text: &str) -> PhoneNumber {
    PhoneNumber::parse(text).unwrap()
}

#[test]
fn codes_are_spread_evenly_and_keep_leading_zeros() {
    const N: usize = 100_000;
    let mut bins = [0_u32; 10];
    for _ in 0..N {
        let code = OtpCode::generate(&mut rand::rng());
        assert_eq!(code.expose().len(), CODE_DIGITS);
        bins[usize::from(code.expose().as_bytes()[0] - b'0')] += 1;
    }
    let expected = 10_000.0;
    let chi: f64 = bins.iter().map(|n| (f64::from(*n) - expected).powi(2) / expected).sum();
    // Nine degrees of freedom: 40 is passed once in 10⁵ fair runs.
    assert!(chi < 40.0, "chi-square {chi}, bins {bins:?}");
}

#[test]
fn a_digest_is_bound_to_pepper_challenge_and_number() {
    let (pepper, other) = (Key::from_bytes([1; 32]), Key::from_bytes([2; 32]));
    let (challenge, ana) = (OtpId::new(), phone("+573001110002"));
    let code = OtpCode::parse("012345").unwrap();
    let stored = code.digest(&pepper, challenge, &ana);

    assert!(code.matches(&stored, &pepper, challenge, &ana));
    assert!(!code.matches(&stored, &other, challenge, &ana));
    assert!(!code.matches(&stored, &pepper, OtpId::new(), &ana));
    assert!(!code.matches(&stored, &pepper, challenge, &phone("+573001110003")));
    assert!(!OtpCode::parse("012346").unwrap().matches(&stored, &pepper, challenge, &ana));
}

#[test]
fn codes_are_read_as_people_copy_them() {
    assert_eq!(OtpCode::parse("012 345").unwrap().expose(), "012345");
    assert_eq!(OtpCode::parse("012-345").unwrap().expose(), "012345");
    for bad in ["", "12345", "1234567", "12a456", "１２３４５６"] {
        assert_eq!(OtpCode::parse(bad).unwrap_err(), CodeError, "{bad}");
    }
    assert_eq!(format!("{:?}", OtpCode::parse("012345").unwrap()), "OtpCode(…)");
}
