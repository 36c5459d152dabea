//! Codes are evenly distributed, tolerant of formatting, bound to their challenge, and never shown.

use std::convert::Infallible;

use rand::rand_core::{TryCryptoRng, TryRng, UnwrapErr};
use rand::rngs::SysRng;

use super::*;
use crate::testing::scale;

fn phone(text: &str) -> PhoneNumber {
    PhoneNumber::parse(text).unwrap()
}

/// How far a sample of codes is from fair: chi-square over 100 bins, and the share that starts
/// with a zero.
fn unfairness(n_codes: u32) -> (f64, f64) {
    let mut bins = [0_u32; 100];
    let mut leading_zeros = 0_u32;
    for _ in 0..n_codes {
        let code = OtpCode::generate(&mut UnwrapErr(SysRng));
        assert_eq!(code.expose().len(), CODE_DIGITS);
        let number: usize = code.expose().parse().unwrap();
        bins[number / 10_000] += 1;
        leading_zeros += u32::from(number < 100_000);
    }
    let expected = f64::from(n_codes) / 100.0;
    let chi = bins.iter().map(|n| (f64::from(*n) - expected).powi(2) / expected).sum();
    (chi, f64::from(leading_zeros) / f64::from(n_codes))
}

#[test]
fn codes_are_spread_evenly_and_keep_leading_zeros() {
    // 99 degrees of freedom: a fair sample passes this once in 1,000 times (p = 0.001).
    const CRITICAL: f64 = 148.23;
    let n_codes = scale(100_000, 1_000_000);
    // Seven standard deviations: 0.2 of 100 in the full run.
    let tolerance = 0.2 / f64::from(n_codes).sqrt() * 10.0;

    // Three samples, of which one has to be fair: chance alone fails this once in 10⁹ runs.
    let samples: Vec<_> = (0..3)
        .map(|_| unfairness(n_codes))
        .scan(false, |done, sample| {
            (!std::mem::replace(done, sample.0 < CRITICAL)).then_some(sample)
        })
        .collect();
    println!("chi-square and share of leading zeros: {samples:?}");
    assert!(samples.iter().any(|(chi, _)| *chi < CRITICAL), "{samples:?}");
    assert!(samples.iter().all(|(_, share)| (share - 0.1).abs() < tolerance), "{samples:?}");
}

/// A generator that gives these numbers, the last first.
struct Draws(Vec<u32>);

impl TryRng for Draws {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.pop().expect("a draw is left"))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.try_next_u32().map(u64::from)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for byte in bytes {
            *byte = self.try_next_u32()?.to_le_bytes()[0];
        }
        Ok(())
    }
}

impl TryCryptoRng for Draws {}

#[test]
fn biased_draws_are_rejected() {
    // 4,294 whole millions fit into 32 bits; what lies above them would give low codes only.
    for (draws, code) in [
        (vec![0], "000000"),
        (vec![5_000_007], "000007"),
        (vec![4_293_999_999], "999999"),
        (vec![42, 4_294_000_000], "000042"),
        (vec![42, 4_294_967_295, 4_294_000_001], "000042"),
    ] {
        assert_eq!(OtpCode::generate(&mut Draws(draws)).expose(), code);
    }
}

#[test]
fn a_digest_never_changes() {
    let challenge = OtpId::from_uuid(uuid::Uuid::from_u128(42));
    let digest = OtpCode::parse("012345").unwrap().digest(
        &Key::from_bytes([7; 32]),
        challenge,
        &phone("+573001110002"),
    );
    let pinned = "8d8a0868e2123021301447f6f725e87a96e1dc417c338af2205361df4b5afed5";
    assert_eq!(hex::encode(digest.as_bytes()), pinned, "stored codes would stop working");
}

#[test]
fn a_digest_is_bound_to_pepper_challenge_and_number() {
    let (pepper, other) = (Key::from_bytes([1; 32]), Key::from_bytes([2; 32]));
    let (challenge, ana) = (OtpId::new(), phone("+573001110002"));
    let code = OtpCode::parse("012345").unwrap();
    let stored = code.digest(&pepper, challenge, &ana);

    let ring = KeyRing::from(pepper.clone());
    assert!(code.matches(&stored, &ring, challenge, &ana));
    assert!(!code.matches(&stored, &other.clone().into(), challenge, &ana));
    assert!(!code.matches(&stored, &ring, OtpId::new(), &ana));
    assert!(!code.matches(&stored, &ring, challenge, &phone("+573001110003")));
    assert!(!OtpCode::parse("012346").unwrap().matches(&stored, &ring, challenge, &ana));
    // While the pepper is being rotated, codes that were sent under the old one remain valid.
    assert!(code.matches(&stored, &KeyRing::new(other, vec![pepper]), challenge, &ana));
}

#[test]
fn codes_parse_as_users_copy_them() {
    assert_eq!(OtpCode::parse("012 345").unwrap().expose(), "012345");
    assert_eq!(OtpCode::parse("012-345").unwrap().expose(), "012345");
    for bad in ["", "12345", "1234567", "12a456", "１２３４５６"] {
        assert_eq!(OtpCode::parse(bad).unwrap_err(), CodeError, "{bad}");
    }
    assert_eq!(format!("{:?}", OtpCode::parse("012345").unwrap()), "OtpCode(…)");
}
