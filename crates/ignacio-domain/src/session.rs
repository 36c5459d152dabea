//! Sessions: the token that a device holds and the digest that the database holds.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand_core::CryptoRng;
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use time::OffsetDateTime;

use crate::ids::SessionId;

const PREFIX: &str = "ign_";
const BODY_CHARS: usize = 43;
const CHECK_CHARS: usize = 8;

/// A session's bearer token: `ign_`, 256 random bits in base64url, and their CRC-32 in hex.
///
/// The checksum lets a mistyped or cut token be refused without asking the database. The token is
/// shown to the device once and kept nowhere.
pub struct SessionToken(String);

/// A text that is no session token.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("this is not a session token")]
pub struct TokenError;

impl SessionToken {
    /// A new token from the operating system's randomness (or a test's).
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        let body = URL_SAFE_NO_PAD.encode(bytes);
        let check = crc32fast::hash(body.as_bytes());
        Self(format!("{PREFIX}{body}{check:08x}"))
    }

    /// Accepts a token whose shape and checksum are right; whether it lives, only the database
    /// knows.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        let rest = text.strip_prefix(PREFIX).ok_or(TokenError)?;
        if !rest.is_ascii() || rest.len() != BODY_CHARS + CHECK_CHARS {
            return Err(TokenError);
        }
        let (body, check) = rest.split_at(BODY_CHARS);
        if format!("{:08x}", crc32fast::hash(body.as_bytes())) != check {
            return Err(TokenError);
        }
        Ok(Self(text.to_owned()))
    }

    /// What is stored and looked up instead of the token. An unkeyed hash suffices at 256 random
    /// bits (ASVS 6.5.2 asks for 112).
    pub fn digest(&self) -> SessionDigest {
        SessionDigest(Sha256::digest(self.0.as_bytes()).into())
    }

    /// The token itself, for the one answer that shows it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SessionToken(…)")
    }
}

/// SHA-256 of a session token: what the database knows a session by.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionDigest([u8; 32]);

impl SessionDigest {
    /// The 32 bytes, for a statement's parameter.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SessionDigest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SessionDigest(…)")
    }
}

/// A logged-in device, as its owner sees it.
#[derive(Clone, Debug)]
pub struct Session {
    /// Which session it is.
    pub id: SessionId,
    /// What the device called itself at login.
    pub device_name: Option<String>,
    /// When it logged in.
    pub created_at: OffsetDateTime,
    /// When it was last seen, within five minutes.
    pub last_used_at: OffsetDateTime,
    /// When it ends at the latest.
    pub expires_at: OffsetDateTime,
    /// Whether it is the one that asks.
    pub is_current: bool,
}

#[cfg(test)]
mod tests;
