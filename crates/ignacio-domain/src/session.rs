//! Sessions: the token that a device holds and the digest that the database holds.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand_core::CryptoRng;
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use time::{Duration, OffsetDateTime};

use crate::ids::SessionId;
use crate::keys::Key;
use crate::redacted_debug::redacted_debug;
use crate::user::Role;

const SESSION_PREFIX: &str = "ign_";
const DEVICE_PREFIX: &str = "igd_";
const BODY_CHARS: usize = 43;

/// After this time a client should renew its token.
pub const RENEW_AFTER: Duration = Duration::hours(24);
/// How long a session counts as verified after a fresh code (step-up).
pub const STEP_UP_WINDOW: Duration = Duration::minutes(10);
/// How long a device stays known after its last login.
pub const DEVICE_LIFETIME: Duration = Duration::days(180);

/// How long a session lives, whatever its user does (NIST SP 800-63B: 30 days at AAL1, 12 hours at
/// AAL2).
pub const fn lifetime(role: Role) -> Duration {
    match role {
        Role::Participant => Duration::days(30),
        Role::Admin => Duration::hours(12),
    }
}

/// How long a session lives without a request.
pub const fn idle_limit(role: Role) -> Duration {
    match role {
        Role::Participant => Duration::days(7),
        Role::Admin => Duration::minutes(30),
    }
}

/// A session's bearer token: `ign_`, 256 random bits in base64url, and their CRC-32 in hex.
///
/// Thanks to the checksum, a mistyped or cut token is rejected without a query. The token is
/// shown to the device once and stored nowhere.
pub struct SessionToken(String);

redacted_debug!(SessionToken);

/// A text that is not a token.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("this is not a session token")]
pub struct TokenError;

impl SessionToken {
    /// A new token from the operating system's randomness (or a test's).
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        Self(written(SESSION_PREFIX, bytes))
    }

    /// Accepts a token whose form and checksum are right; only the database knows whether it is
    /// valid.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        if is_well_formed(SESSION_PREFIX, text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(TokenError)
        }
    }

    /// The token that replaces this one. It is derived from this one with a key of ours, so that
    /// all tabs that renew the same token get the same successor, and no one else can compute it.
    #[must_use]
    pub fn successor(&self, key: &Key) -> Self {
        Self(written(SESSION_PREFIX, key.hmac(&[self.0.as_bytes()])))
    }

    /// What is stored and looked up instead of the token. An unkeyed hash suffices for 256 random
    /// bits (ASVS 6.5.2 requires 112).
    pub fn digest(&self) -> SessionDigest {
        SessionDigest(sha256(&self.0))
    }

    /// The token itself, for the one response that contains it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// SHA-256 of a session token, as stored in the database.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionDigest([u8; 32]);

redacted_debug!(SessionDigest);

impl SessionDigest {
    /// Wraps the stored bytes; `None` when they are not 32.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The 32 bytes, for a statement's parameter.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The token by which a device is recognised at its next login. It has the form of a session token
/// and no other use. With it, a device has rate limits of its own, which strangers cannot use up.
pub struct DeviceToken(String);

redacted_debug!(DeviceToken);

impl DeviceToken {
    /// A new token from the operating system's randomness (or a test's).
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        Self(written(DEVICE_PREFIX, bytes))
    }

    /// Accepts a token whose shape and checksum are right.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        if is_well_formed(DEVICE_PREFIX, text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(TokenError)
        }
    }

    /// What is stored and looked up instead of the token.
    pub fn digest(&self) -> DeviceDigest {
        DeviceDigest(sha256(&self.0))
    }

    /// The token itself, for the one response that contains it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// SHA-256 of a device's token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DeviceDigest([u8; 32]);

redacted_debug!(DeviceDigest);

impl DeviceDigest {
    /// The 32 bytes, for a statement's parameter.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

fn written(prefix: &str, bytes: [u8; 32]) -> String {
    let body = URL_SAFE_NO_PAD.encode(bytes);
    let check = crc32fast::hash(body.as_bytes());
    format!("{prefix}{body}{check:08x}")
}

/// Whether a text is what [`written`] makes of the 32 bytes in it.
fn is_well_formed(prefix: &str, text: &str) -> bool {
    text.strip_prefix(prefix)
        .and_then(|rest| URL_SAFE_NO_PAD.decode(rest.get(..BODY_CHARS)?).ok())
        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
        .is_some_and(|bytes| written(prefix, bytes) == text)
}

fn sha256(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// A logged-in device, as its owner sees it.
#[derive(Clone)]
pub struct Session {
    /// The session.
    pub id: SessionId,
    /// The device's name, as given at login.
    pub device_name: Option<String>,
    /// When it logged in.
    pub created_at: OffsetDateTime,
    /// When it was last used, to within five minutes.
    pub last_used_at: OffsetDateTime,
    /// When it ends at the latest.
    pub expires_at: OffsetDateTime,
    /// When its token should be renewed.
    pub renew_after: OffsetDateTime,
    /// How long it may do what requires a fresh code.
    pub verified_until: OffsetDateTime,
    /// Whether it is the session of the current request.
    pub is_current: bool,
}

redacted_debug!(Session {
    id,
    created_at,
    last_used_at,
    expires_at,
    renew_after,
    verified_until,
    is_current
});

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;
