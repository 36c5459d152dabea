//! How often a code may be asked for and tried.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use time::Duration;
use uuid::Uuid;

use crate::keys::Key;

/// So many, at most, within a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// How many.
    pub most: u16,
    /// Within which time, counted back from now.
    pub within: Duration,
}

/// Codes for one number, or for one known device (the admired ones: 60 s at `GoTrue`, then one an
/// hour at MAS; Meta's own limit for a pair is one in six seconds).
pub const PER_NUMBER: [RateLimit; 3] = [
    RateLimit { most: 1, within: Duration::minutes(1) },
    RateLimit { most: 5, within: Duration::hours(1) },
    RateLimit { most: 10, within: Duration::hours(24) },
];
/// Codes that one address may ask for, all numbers together. Many people share the address of a
/// school, so it is not the tightest.
pub const PER_ADDRESS: RateLimit = RateLimit { most: 10, within: Duration::hours(1) };
/// Codes that the whole service sends, unless a deployment says otherwise: what an attacker who
/// knows many numbers can cost us.
pub const SERVICE: RateLimit = RateLimit { most: 300, within: Duration::hours(1) };
/// The same while too many logins fail.
pub const SERVICE_IN_ALARM: u16 = 60;

/// Failed tries since the last login after which new devices have to wait, and how long.
pub const LOCKOUT_STEPS: [(u16, Duration); 2] =
    [(20, Duration::hours(1)), (50, Duration::hours(24))];
/// Failed tries after which only the staff let new devices in again (NIST SP 800-63B: no more than
/// 100 consecutive failures), so that guessing succeeds once in 10,000 accounts.
pub const LOCKOUT_LIMIT: u16 = 100;

/// Failed tries in an hour, over all numbers, that raise the alarm.
pub const ALARM_FAILURES: i64 = 200;
/// The share of tries that failed, in an hour, that raises it too.
pub const ALARM_SHARE: f64 = 0.3;
/// The fewest tries of which a share is taken.
pub const ALARM_SAMPLES: i64 = 100;
/// How long an alarm lasts after it was last raised.
pub const ALARM_LASTS: Duration = Duration::minutes(10);

/// What something is counted under: a keyed digest, so that neither numbers nor addresses are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimitKey(Uuid);

impl RateLimitKey {
    /// For a number, in its canonical form where it has one.
    pub fn of_number(key: &Key, number: &str) -> Self {
        Self::of(key, "number", number.as_bytes())
    }

    /// For a client's address, as far as it says who somebody is.
    pub fn of_address(key: &Key, address: &[u8]) -> Self {
        Self::of(key, "address", address)
    }

    /// For everything that the service sends.
    pub fn of_service(key: &Key) -> Self {
        Self::of(key, "service", b"sent")
    }

    /// For what it would have sent, had the numbers been somebody's.
    pub fn of_decoys(key: &Key) -> Self {
        Self::of(key, "service", b"decoys")
    }

    /// For what the service sends to those whom it knows already.
    pub fn of_known(key: &Key) -> Self {
        Self::of(key, "service", b"known")
    }

    /// The bare value, for a statement's parameter.
    pub const fn into_uuid(self) -> Uuid {
        self.0
    }

    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length and gives 32 bytes")]
    fn of(key: &Key, kind: &str, value: &[u8]) -> Self {
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("any key fits");
        mac.update(kind.as_bytes());
        mac.update(b"|");
        mac.update(value);
        let digest = mac.finalize().into_bytes();
        let (half, _) = digest.split_first_chunk::<16>().expect("a digest is longer");
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
    /// The buckets of a request; `number` and `address` are what [`RateLimitKey::of_number`] and
    /// [`RateLimitKey::of_address`] take.
    pub fn of(key: &Key, number: &str, address: &[u8]) -> Self {
        Self {
            number: RateLimitKey::of_number(key, number),
            address: RateLimitKey::of_address(key, address),
            service: RateLimitKey::of_service(key),
            decoys: RateLimitKey::of_decoys(key),
            known: RateLimitKey::of_known(key),
        }
    }
}

#[cfg(test)]
mod tests {
    //! What is counted apart has different ids, and the same has the same.

    use super::*;

    #[test]
    fn kinds_values_and_keys_are_told_apart() {
        let (key, other) = (Key::from_bytes([1; 32]), Key::from_bytes([2; 32]));
        let ids = [
            RateLimitKey::of_number(&key, "+573001110002"),
            RateLimitKey::of_number(&key, "+573001110003"),
            RateLimitKey::of_number(&other, "+573001110002"),
            RateLimitKey::of_address(&key, b"+573001110002"),
            RateLimitKey::of_service(&key),
            RateLimitKey::of_decoys(&key),
            RateLimitKey::of_known(&key),
        ];
        for (index, id) in ids.iter().enumerate() {
            assert!(!ids[..index].contains(id), "{index}");
        }
        assert_eq!(ids[0], RateLimitKey::of_number(&key, "+573001110002"));
    }
}
