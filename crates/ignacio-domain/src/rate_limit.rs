//! How often codes may be requested.

use time::Duration;
use uuid::Uuid;

use crate::keys::Key;

/// At most `max` within a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// The maximum.
    pub max: u16,
    /// The window, counted back from now.
    pub window: Duration,
}

/// Codes for one number, or for one known device (for comparison: 60 s at `GoTrue`, one an
/// hour at MAS; Meta allows one per recipient in six seconds).
pub const PER_NUMBER: [RateLimit; 3] = [
    RateLimit { max: 1, window: Duration::minutes(1) },
    RateLimit { max: 5, window: Duration::hours(1) },
    RateLimit { max: 10, window: Duration::hours(24) },
];
/// Codes that one address may request, for all numbers together. Many users share the address of a
/// school, so this is not the tightest limit.
pub const PER_ADDRESS: RateLimit = RateLimit { max: 10, window: Duration::hours(1) };
/// Codes that the whole service sends, unless a deployment sets another limit: it bounds what an
/// attacker who knows many numbers can cost us.
pub const SERVICE: RateLimit = RateLimit { max: 300, window: Duration::hours(1) };
/// The same during a login alarm.
pub const SERVICE_IN_ALARM: u16 = 60;

/// The key of a counter: a keyed digest, so that neither numbers nor addresses are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimitKey(Uuid);

impl RateLimitKey {
    /// For a number, in its canonical form where it has one.
    pub fn for_number(key: &Key, number: &str) -> Self {
        Self::new(key, "number", number.as_bytes())
    }

    /// For a client's address, as far as it identifies a client.
    pub fn for_address(key: &Key, address: &[u8]) -> Self {
        Self::new(key, "address", address)
    }

    /// For all codes that the service sends.
    pub fn for_service(key: &Key) -> Self {
        Self::new(key, "service", b"sent")
    }

    /// For the decoys: codes for unknown numbers, which are not sent.
    pub fn for_decoys(key: &Key) -> Self {
        Self::new(key, "service", b"decoys")
    }

    /// For codes that known devices and logged-in users request.
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

/// The counters of one request for a code.
#[derive(Clone, Copy, Debug)]
pub struct RateLimitKeys {
    /// The number that the code is for.
    pub number: RateLimitKey,
    /// The requesting client's address.
    pub address: RateLimitKey,
    /// The service, if the number belongs to a user.
    pub service: RateLimitKey,
    /// The decoys, if it does not.
    pub decoys: RateLimitKey,
    /// Instead of both, if the request comes from a known device or a logged-in user.
    pub known: RateLimitKey,
}

impl RateLimitKeys {
    /// The counters of a request; `number` and `address` are what [`RateLimitKey::for_number`] and
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
    //! Different counters have different keys, and the same counter the same key.

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
    fn kinds_values_and_keys_are_distinguished() {
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
