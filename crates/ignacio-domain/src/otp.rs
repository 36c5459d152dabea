//! One-time codes: how they are generated, stored and verified.

use rand_core::CryptoRng;
use thiserror::Error;
use time::{Duration, OffsetDateTime};

use crate::delivery::DeliveryStatus;
use crate::ids::OtpId;
use crate::keys::{Key, KeyRing};
use crate::phone::PhoneNumber;
use crate::redacted_debug::redacted_debug;

/// Digits of a code (NIST SP 800-63B requires at least 20 bits; six digits have 19.9, and the
/// low [`MAX_TRIES`] makes up for it).
pub const CODE_DIGITS: usize = 6;
/// How long a code is valid (NIST and ASVS 6.5.5 allow ten minutes).
pub const CODE_LIFETIME: Duration = Duration::minutes(5);
/// How many attempts a challenge allows.
pub const MAX_TRIES: i16 = 5;
/// The same during a login alarm (see [`crate::lockout::ALARM_FAILURES`]).
pub const MAX_TRIES_IN_ALARM: i16 = 3;

/// A one-time code: six decimal digits, leading zeros included. It cannot be printed by accident.
pub struct OtpCode(String);

redacted_debug!(OtpCode);

/// A text that is not a code.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("a code has {CODE_DIGITS} digits")]
pub struct CodeError;

impl OtpCode {
    /// A new code; all 10⁶ are equally likely, because draws that would favour low codes are
    /// rejected.
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

    /// Accepts six digits, and spaces and dashes between them, as users copy them.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        let digits: String =
            text.chars().filter(|it| !matches!(it, ' ' | '-' | '\u{a0}')).collect();
        if digits.len() != CODE_DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(CodeError);
        }
        Ok(Self(digits))
    }

    /// The digits, for the message to the user.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored: an HMAC with a pepper that the database never sees, bound to the
    /// challenge and the phone number.
    pub fn digest(&self, pepper: &Key, challenge: OtpId, phone: &PhoneNumber) -> OtpDigest {
        OtpDigest(pepper.hmac(&self.parts(challenge.into_uuid().as_bytes(), phone)))
    }

    /// Whether the stored digest is this code's under one of the peppers, each compared in
    /// constant time.
    pub fn matches(
        &self,
        stored: &OtpDigest,
        peppers: &KeyRing,
        challenge: OtpId,
        phone: &PhoneNumber,
    ) -> bool {
        let challenge = challenge.into_uuid();
        let parts = self.parts(challenge.as_bytes(), phone);
        peppers.iter().fold(false, |found, pepper| found | pepper.verify_hmac(&parts, &stored.0))
    }

    fn parts<'p>(&'p self, challenge: &'p [u8; 16], phone: &'p PhoneNumber) -> [&'p [u8]; 4] {
        [challenge, phone.expose().as_bytes(), b"|", self.0.as_bytes()]
    }
}

/// The keyed digest of a code, as stored in the database.
#[derive(Clone, PartialEq, Eq)]
pub struct OtpDigest([u8; 32]);

redacted_debug!(OtpDigest);

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

/// A challenge as its requester sees it. It looks the same whether or not the number
/// belongs to a user.
#[derive(Clone, Copy, Debug)]
pub struct Challenge {
    /// The id, which is redeemed together with the code.
    pub id: OtpId,
    /// When the code stops working.
    pub expires_at: OffsetDateTime,
    /// When the same number may request another code.
    pub resend_after: OffsetDateTime,
}

/// The history of one of a user's codes, without the code.
#[derive(Clone, Debug)]
pub struct CodeRecord {
    /// The challenge.
    pub id: OtpId,
    /// When it was requested.
    pub requested_at: OffsetDateTime,
    /// How far the message has come.
    pub status: DeliveryStatus,
    /// Why it came no further: `WhatsApp`'s error code, or a word of ours.
    pub reason: Option<String>,
    /// How many attempts were made with the code.
    pub tries: u16,
    /// Whether it was redeemed.
    pub is_used: bool,
    /// When `WhatsApp` accepted the message.
    pub sent_at: Option<OffsetDateTime>,
    /// When it reached the phone.
    pub delivered_at: Option<OffsetDateTime>,
    /// When the code stops working.
    pub expires_at: OffsetDateTime,
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;
