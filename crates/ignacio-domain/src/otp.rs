//! One-time codes: how they are made, kept and judged.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use rand_core::CryptoRng;
use sha2::Sha256;
use thiserror::Error;
use time::{Duration, OffsetDateTime};

use crate::ids::OtpId;
use crate::keys::{Key, KeyRing};
use crate::phone::PhoneNumber;

/// Digits of a code (NIST SP 800-63B asks for at least 20 bits; six digits are 19.9, and the
/// five tries of [`MAX_TRIES`] make up for it).
pub const CODE_DIGITS: usize = 6;
/// How long a code lives (NIST and ASVS 6.5.5 allow ten minutes).
pub const LIFE: Duration = Duration::minutes(5);
/// How often a challenge may be tried before it is dead.
pub const MAX_TRIES: i16 = 5;
/// The same while too many logins fail (see [`crate::rate_limit::ALARM_FAILURES`]).
pub const MAX_TRIES_IN_ALARM: i16 = 3;

/// A one-time code: six decimal digits, leading zeros kept. It cannot be printed by accident.
pub struct OtpCode(String);

/// A text that is no code.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("a code has {CODE_DIGITS} digits")]
pub struct CodeError;

impl OtpCode {
    /// A new code, all of the 10⁶ equally likely: draws that would favour the low ones are thrown
    /// away.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        const CODES: u32 = 1_000_000;
        const FAIR: u32 = u32::MAX - u32::MAX % CODES;
        loop {
            let draw = rng.next_u32();
            if draw < FAIR {
                return Self(format!("{:06}", draw % CODES));
            }
        }
    }

    /// Accepts six digits; spaces and dashes between them are forgiven, as people copy them.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        let digits: String =
            text.chars().filter(|it| !matches!(it, ' ' | '-' | '\u{a0}')).collect();
        if digits.len() != CODE_DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(CodeError);
        }
        Ok(Self(digits))
    }

    /// The digits, for the message that carries them.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored: HMAC-SHA-256 under a pepper that the database never sees, bound to the
    /// challenge and the number.
    pub fn digest(&self, pepper: &Key, challenge: OtpId, phone: &PhoneNumber) -> OtpDigest {
        OtpDigest(self.mac(pepper, challenge, phone).finalize().into_bytes().into())
    }

    /// Whether this is the code behind a stored digest under one of the peppers, each compared in
    /// constant time.
    pub fn matches(
        &self,
        stored: &OtpDigest,
        peppers: &KeyRing,
        challenge: OtpId,
        phone: &PhoneNumber,
    ) -> bool {
        peppers.iter().fold(false, |found, pepper| {
            found | self.mac(pepper, challenge, phone).verify_slice(&stored.0).is_ok()
        })
    }

    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    fn mac(&self, pepper: &Key, challenge: OtpId, phone: &PhoneNumber) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(pepper.as_bytes()).expect("any key fits");
        mac.update(challenge.into_uuid().as_bytes());
        mac.update(phone.expose().as_bytes());
        mac.update(b"|");
        mac.update(self.0.as_bytes());
        mac
    }
}

impl fmt::Debug for OtpCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("OtpCode(…)")
    }
}

/// The keyed digest of a code: what the database knows it by.
#[derive(Clone, PartialEq, Eq)]
pub struct OtpDigest([u8; 32]);

impl OtpDigest {
    /// Wraps the stored bytes; `None` when they are not 32.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The 32 bytes, for a statement's parameter.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for OtpDigest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("OtpDigest(…)")
    }
}

/// A challenge as the one who asked for it sees it. It looks the same whether or not the number
/// belongs to anybody.
#[derive(Clone, Copy, Debug)]
pub struct Challenge {
    /// What must be shown together with the code.
    pub id: OtpId,
    /// When the code stops working.
    pub expires_at: OffsetDateTime,
    /// When the same number may ask again.
    pub resend_after: OffsetDateTime,
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;
