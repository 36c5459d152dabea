//! Failed logins: when a number is locked out, and when the service raises the alarm.

use time::{Duration, OffsetDateTime};

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
pub const ALARM_DURATION: Duration = Duration::minutes(10);

/// How it stands with somebody's logins: their number, or the one of their known devices with which
/// it stands worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoginFailures {
    /// Tries that failed since the last login.
    pub failures: u16,
    /// Until when no more are taken; `None` when they are, and when only the staff end it.
    pub paused_until: Option<OffsetDateTime>,
}

impl LoginFailures {
    /// Whether only the staff let new devices in again.
    pub const fn is_locked(&self) -> bool {
        self.failures >= LOCKOUT_LIMIT
    }
}
