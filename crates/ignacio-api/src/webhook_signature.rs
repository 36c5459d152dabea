//! The signature of a webhook: only who knows the app's secret can post.

use actix_web::http::header::{HeaderMap, HeaderName};
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

const HEADER: HeaderName = HeaderName::from_static("x-hub-signature-256");
const DIGEST_BYTES: usize = 32;

/// The app secrets that are accepted: the present one and, while it is replaced, the one before.
/// Without any, nothing is signed right.
#[derive(Clone, Debug, Default)]
pub struct AppSecrets(Vec<SecretString>);

impl AppSecrets {
    /// These secrets; an empty one is none, because anybody could sign with it.
    pub fn new(secrets: impl IntoIterator<Item = SecretString>) -> Self {
        Self(secrets.into_iter().filter(|it| !it.expose_secret().is_empty()).collect())
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What a webhook says that its signature is: HMAC-SHA-256 of the bytes of its body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Signature([u8; DIGEST_BYTES]);

impl Signature {
    /// The one signature of a request; `None` where it has none, several, or one that cannot be.
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

    /// Whether it is a body's under one of the secrets, each compared in constant time.
    pub(crate) fn is_of(&self, body: &[u8], secrets: &AppSecrets) -> bool {
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
