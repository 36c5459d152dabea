//! The signature of a webhook, which proves that the sender knows the app secret.

use actix_web::http::header::{HeaderMap, HeaderName};
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

const HEADER: HeaderName = HeaderName::from_static("x-hub-signature-256");
const DIGEST_BYTES: usize = 32;

/// The accepted app secrets: the current one and, during a rotation, the previous one. Without any,
/// no signature is valid.
#[derive(Clone, Debug, Default)]
pub struct AppSecrets(Vec<SecretString>);

impl AppSecrets {
    /// Accepts these secrets; empty ones are dropped, because anyone could sign with them.
    pub fn new(secrets: impl IntoIterator<Item = SecretString>) -> Self {
        Self(secrets.into_iter().filter(|it| !it.expose_secret().is_empty()).collect())
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The signature that a webhook claims: the HMAC-SHA-256 of its body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Signature([u8; DIGEST_BYTES]);

impl Signature {
    /// The only signature of a request; `None` if there is none, several, or a malformed one.
    pub(crate) fn find(headers: &HeaderMap) -> Option<Self> {
        let mut given = headers.get_all(HEADER);
        let only = given.next().filter(|_| given.next().is_none())?;
        Self::parse(only.as_bytes())
    }

    /// Accepts `sha256=` and 64 hexadecimal digits.
    fn parse(value: &[u8]) -> Option<Self> {
        let mut digest = [0; DIGEST_BYTES];
        hex::decode_to_slice(value.strip_prefix(b"sha256=")?, &mut digest).ok()?;
        Some(Self(digest))
    }

    /// Whether it signs this body with one of the secrets, each compared in constant time.
    pub(crate) fn verifies(&self, body: &[u8], secrets: &AppSecrets) -> bool {
        secrets.0.iter().fold(false, |found, secret| {
            let mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes());
            found | mac.is_ok_and(|mac| mac.chain_update(body).verify_slice(&self.0).is_ok())
        })
    }
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;
