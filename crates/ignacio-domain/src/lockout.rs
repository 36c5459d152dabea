//! Failed logins: when a number is locked out, and when the service raises the alarm.

use time::{Duration, OffsetDateTime};

/// Failed attempts since the last login after which new devices must wait, and how long.
pub const LOCKOUT_STEPS: [(u16, Duration); 2] =
    [(20, Duration::hours(1)), (50, Duration::hours(24))];
/// Failed attempts after which only an admin can let new devices in again (NIST SP 800-63B: at most
/// 100 consecutive failures), so that guessing succeeds for one in 10,000 users.
pub const LOCKOUT_LIMIT: u16 = 100;

/// Failed attempts within an hour, over all numbers, that raise the alarm.
pub const ALARM_FAILURES: i64 = 200;
/// The share of failed attempts within an hour that also raises it.
pub const ALARM_SHARE: f64 = 0.3;
/// The fewest attempts for which the share counts.
pub const ALARM_SAMPLES: i64 = 100;
/// How long an alarm lasts after it was last raised.
pub const ALARM_DURATION: Duration = Duration::minutes(10);

/// Failed logins of a user, at their number or on the known device with the
/// most failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoginFailures {
    /// Failed attempts since the last login.
    pub failures: u16,
    /// When attempts are accepted again; `None` if they are, or if only an admin can end the lockout.
    pub paused_until: Option<OffsetDateTime>,
}

impl LoginFailures {
    /// Whether only an admin can let new devices in again.
    pub const fn is_locked(&self) -> bool {
        self.failures >= LOCKOUT_LIMIT
    }
}
