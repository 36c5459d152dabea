//! How often a code may be asked for and tried.

use time::Duration;
use uuid::Uuid;

use crate::keys::Key;

/// So many, at most, within a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// How many.
    pub max: u16,
    /// Within which time, counted back from now.
    pub window: Duration,
}

/// Codes for one number, or for one known device (the admired ones: 60 s at `GoTrue`, then one an
/// hour at MAS; Meta's own limit for a pair is one in six seconds).
pub const PER_NUMBER: [RateLimit; 3] = [
    RateLimit { max: 1, window: Duration::minutes(1) },
    RateLimit { max: 5, window: Duration::hours(1) },
    RateLimit { max: 10, window: Duration::hours(24) },
];
/// Codes that one address may ask for, all numbers together. Many people share the address of a
/// school, so it is not the tightest.
pub const PER_ADDRESS: RateLimit = RateLimit { max: 10, window: Duration::hours(1) };
/// Codes that the whole service sends, unless a deployment says otherwise: what an attacker who
/// knows many numbers can cost us.
pub const SERVICE: RateLimit = RateLimit { max: 300, window: Duration::hours(1) };
/// The same while too many logins fail.
pub const SERVICE_IN_ALARM: u16 = 60;

/// What something is counted under: a keyed digest, so that neither numbers nor addresses are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimitKey(Uuid);

impl RateLimitKey {
    /// For a number, in its canonical form where it has one.
    pub fn for_number(key: &Key, number: &str) -> Self {
        Self::new(key, "number", number.as_bytes())
    }

    /// For a client's address, as far as it says who somebody is.
    pub fn for_address(key: &Key, address: &[u8]) -> Self {
        Self::new(key, "address", address)
    }

    /// For everything that the service sends.
    pub fn for_service(key: &Key) -> Self {
        Self::new(key, "service", b"sent")
    }

    /// For what it would have sent, had the numbers been somebody's.
    pub fn for_decoys(key: &Key) -> Self {
        Self::new(key, "service", b"decoys")
    }

    /// For what the service sends to those whom it knows already.
    pub fn for_known_users(key: &Key) -> Self {
        Self::new(key, "service", b"known")
    }

    /// The bare value, for a statement's parameter.
    pub const fn into_uuid(self) -> Uuid {
        self.0
    }

    #[expect(clippy::expect_used, reason = "a digest has 32 bytes")]
    fn new(key: &Key, kind: &str, value: &[u8]) -> Self {
        let digest = key.hmac(&[kind.as_bytes(), b"|", value]);
        let half = digest.first_chunk::<16>().expect("a digest has 32 bytes");
        Self(Uuid::from_bytes(*half))
    }
}

/// What one request for a code is counted under.
#[derive(Clone, Copy, Debug)]
pub struct RateLimitKeys {
    /// The number that the code is for.
    pub number: RateLimitKey,
    /// The client that asks.
    pub address: RateLimitKey,
    /// The service, when the number is somebody's.
    pub service: RateLimitKey,
    /// What takes its place when it is nobody's.
    pub decoys: RateLimitKey,
    /// What takes its place when a known device asks, or who is logged in.
    pub known: RateLimitKey,
}

impl RateLimitKeys {
    /// The buckets of a request; `number` and `address` are what [`RateLimitKey::for_number`] and
    /// [`RateLimitKey::for_address`] take.
    pub fn new(key: &Key, number: &str, address: &[u8]) -> Self {
        Self {
            number: RateLimitKey::for_number(key, number),
            address: RateLimitKey::for_address(key, address),
            service: RateLimitKey::for_service(key),
            decoys: RateLimitKey::for_decoys(key),
            known: RateLimitKey::for_known_users(key),
        }
    }
}

#[cfg(test)]
mod tests {
    //! What is counted apart has different ids, and the same has the same.

    use super::*;

    #[test]
    fn keys_never_change() {
        let key = Key::from_bytes([7; 32]);
        let number = RateLimitKey::for_number(&key, "+573001110002").into_uuid();
        assert_eq!(number.to_string(), "9f418c24-8ee1-5a6a-50ae-7642f9b64c6d");
        let service = RateLimitKey::for_service(&key).into_uuid();
        assert_eq!(service.to_string(), "118a8c08-6325-87b7-322a-0f6fb55e44fa");
    }

    #[test]
    fn kinds_values_and_keys_are_told_apart() {
        let (key, other) = (Key::from_bytes([1; 32]), Key::from_bytes([2; 32]));
        let ids = [
            RateLimitKey::for_number(&key, "+573001110002"),
            RateLimitKey::for_number(&key, "+573001110003"),
            RateLimitKey::for_number(&other, "+573001110002"),
            RateLimitKey::for_address(&key, b"+573001110002"),
            RateLimitKey::for_service(&key),
            RateLimitKey::for_decoys(&key),
            RateLimitKey::for_known_users(&key),
        ];
        for (index, id) in ids.iter().enumerate() {
            assert!(!ids[..index].contains(id), "{index}");
        }
        assert_eq!(ids[0], RateLimitKey::for_number(&key, "+573001110002"));
    }
}
