//! Keys that a deployment derives from its one secret.

use std::fmt::{self, Write as _};

use hkdf::Hkdf;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use thiserror::Error;

/// The fewest characters that a deployment's secret may have.
pub const MIN_SECRET_CHARS: usize = 32;

/// A deployment's one secret, from which every other key is derived (HKDF-SHA-256, RFC 5869).
pub struct MasterSecret(SecretString);

/// Why a text is not fit to be a deployment's secret.
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

impl fmt::Debug for MasterSecret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("MasterSecret(…)")
    }
}

/// A 256-bit key. It shows itself to nobody.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl Key {
    /// A key given byte by byte, for tests and for keys that are not derived.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for a MAC.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key as lower-case hex, for where a text is wanted (a role's password).
    pub fn to_hex(&self) -> SecretString {
        let mut hex = String::with_capacity(64);
        for byte in self.0 {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        hex.into()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Key(…)")
    }
}

/// Keys for one purpose: one of them signs, and all of them are accepted, so that one can be
/// replaced without a gap.
#[derive(Clone, Debug)]
pub struct KeyRing {
    signing: Key,
    accepted: Vec<Key>,
}

impl KeyRing {
    /// A key that signs, and those that are accepted beside it.
    pub const fn new(signing: Key, accepted: Vec<Key>) -> Self {
        Self { signing, accepted }
    }

    /// The key that signs.
    pub const fn signing(&self) -> &Key {
        &self.signing
    }

    /// Every key that is accepted, the one that signs first.
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
