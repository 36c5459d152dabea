//! The keys that a deployment derives from its secret.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use thiserror::Error;

use crate::redacted_debug::redacted_debug;

/// The minimum length of a deployment's secret, in characters.
pub const MIN_SECRET_CHARS: usize = 32;

/// A deployment's secret, from which all keys are derived (HKDF-SHA-256, RFC 5869).
pub struct MasterSecret(SecretString);

redacted_debug!(MasterSecret);

/// A text that is too short for a secret.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("a secret needs at least {MIN_SECRET_CHARS} characters")]
pub struct SecretTooShort;

impl MasterSecret {
    /// Accepts a secret of at least [`MIN_SECRET_CHARS`] characters.
    pub fn parse(text: SecretString) -> Result<Self, SecretTooShort> {
        if text.expose_secret().trim().chars().count() < MIN_SECRET_CHARS {
            return Err(SecretTooShort);
        }
        Ok(Self(text))
    }

    /// A 256-bit key for one purpose; different labels give unrelated keys.
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "HKDF refuses only outputs over 8160 bytes"
    )]
    pub fn derive(&self, label: &str) -> Key {
        let mut okm = [0; 32];
        Hkdf::<Sha256>::new(Some(b"ignacio/v1"), self.0.expose_secret().as_bytes())
            .expand(label.as_bytes(), &mut okm)
            .expect("32 bytes fit");
        Key(okm)
    }
}

/// A 256-bit key.
#[derive(Clone)]
pub struct Key([u8; 32]);

redacted_debug!(Key);

impl Key {
    /// A key from its bytes, for tests and for keys that are not derived.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key in lower-case hex, where text is needed (a role's password).
    pub fn to_hex(&self) -> SecretString {
        hex::encode(self.0).into()
    }

    /// HMAC-SHA-256 of the concatenated parts. Separate parts of variable length with a byte that
    /// cannot occur in them.
    pub fn hmac(&self, parts: &[&[u8]]) -> [u8; 32] {
        self.mac(parts).finalize().into_bytes().into()
    }

    /// Whether a tag is the beginning of the parts' [`Key::hmac`], compared in constant time. The
    /// tag's length belongs to its type, so that no caller chooses it.
    pub fn verify_hmac<const N: usize>(&self, parts: &[&[u8]], tag: &[u8; N]) -> bool {
        self.mac(parts).verify_truncated_left(tag).is_ok()
    }

    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    fn mac(&self, parts: &[&[u8]]) -> Hmac<Sha256> {
        let mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("any key fits");
        parts.iter().fold(mac, hmac::Mac::chain_update)
    }
}

/// Keys for one purpose: one signs and all are accepted, so that keys can be
/// rotated without an interruption.
#[derive(Clone, Debug)]
pub struct KeyRing {
    signing: Key,
    accepted: Vec<Key>,
}

impl KeyRing {
    /// A signing key, and the other accepted keys.
    pub const fn new(signing: Key, accepted: Vec<Key>) -> Self {
        Self { signing, accepted }
    }

    /// The signing key.
    pub const fn signing(&self) -> &Key {
        &self.signing
    }

    /// All accepted keys, the signing key first.
    pub fn iter(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.signing).chain(&self.accepted)
    }
}

impl From<Key> for KeyRing {
    fn from(key: Key) -> Self {
        Self::new(key, Vec::new())
    }
}

#[cfg(test)]
mod tests;
