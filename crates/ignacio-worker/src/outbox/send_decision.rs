//! Decides what happens to a message that could not be sent.

use std::time::Duration;

use ignacio_domain::ports::SendError;
use ignacio_persistence::{MessageKind, OutboxJob};

/// The delays between the attempts of a code; after the last one the user requests another.
const CODE_DELAYS: [Duration; 3] =
    [Duration::from_secs(1), Duration::from_secs(3), Duration::from_secs(9)];
/// A code that could not be sent within this time is of little use.
const CODE_TIMEOUT: Duration = Duration::from_secs(30);
/// How often a throttled code is retried.
const MAX_THROTTLED_RETRIES: i32 = 2;
/// No user waits for a notice, and it must not get lost: it is retried for a day.
const NOTICE_TIMEOUT: Duration = Duration::from_hours(24);
const MAX_NOTICE_DELAY: Duration = Duration::from_hours(1);

/// What happens to a message. The error codes are stored with the row.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SendDecision {
    /// Retry after a delay.
    Retry { after: Duration, error: String },
    /// Never retry: the number is unreachable.
    Unreachable { error: String },
    /// Never retry. Any other message would have failed as well.
    GiveUp { error: String, is_transient: bool },
}

impl SendDecision {
    /// The outcome as metrics name it.
    pub(super) const fn as_str(&self) -> &'static str {
        match self {
            Self::Retry { .. } => "retried",
            Self::Unreachable { .. } => "unreachable",
            Self::GiveUp { is_transient: true, .. } => "gave_up",
            Self::GiveUp { is_transient: false, .. } => "misconfigured",
        }
    }
}

/// Decides what happens to a message after an attempt that took this long.
pub(super) fn decide(job: &OutboxJob, error: &SendError, took: Duration) -> SendDecision {
    let age = job.age + took;
    let after = match job.kind {
        MessageKind::Code(_) => code_delay(job.attempts, age, error),
        MessageKind::Notice(_) => notice_delay(job.attempts, age, error),
    };
    let (error, is_transient) = match error {
        SendError::Unreachable { code } => {
            return SendDecision::Unreachable { error: code.clone() };
        }
        SendError::Misconfigured { code, .. } => (code.clone(), false),
        SendError::Throttled { .. } => ("throttled".to_owned(), true),
        SendError::Transient { .. } => ("unavailable".to_owned(), true),
    };
    match after {
        Some(after) => SendDecision::Retry { after, error },
        None => SendDecision::GiveUp { error, is_transient },
    }
}

/// The delay before the next attempt of a code; `None` when there is none.
fn code_delay(attempts: i32, age: Duration, error: &SendError) -> Option<Duration> {
    match error {
        SendError::Transient { .. } => {
            let done = usize::try_from(attempts.saturating_sub(1)).ok()?;
            CODE_DELAYS.get(done).copied().filter(|delay| age + *delay <= CODE_TIMEOUT)
        }
        SendError::Throttled { retry_after, .. } => (attempts <= MAX_THROTTLED_RETRIES
            && *retry_after <= CODE_TIMEOUT)
            .then(|| spread(*retry_after)),
        SendError::Unreachable { .. } | SendError::Misconfigured { .. } => None,
    }
}

/// The same for a notice: 1 s, 3 s, 9 s and so on, up to an hour. A wrong template stays wrong; a
/// wrong key is replaced sooner or later.
fn notice_delay(attempts: i32, age: Duration, error: &SendError) -> Option<Duration> {
    let asked = match error {
        SendError::Transient { .. } | SendError::Misconfigured { is_critical: true, .. } => {
            Duration::ZERO
        }
        SendError::Throttled { retry_after, .. } => *retry_after,
        SendError::Unreachable { .. } | SendError::Misconfigured { is_critical: false, .. } => {
            return None;
        }
    };
    let tries = u32::try_from(attempts.saturating_sub(1)).unwrap_or_default().min(8);
    let ours = Duration::from_secs(3_u64.pow(tries)).min(MAX_NOTICE_DELAY);
    (age <= NOTICE_TIMEOUT).then(|| spread(ours.max(asked)))
}

/// A delay of this length or up to half as much more, so that messages that were throttled together
/// do not return together.
fn spread(delay: Duration) -> Duration {
    delay.mul_f64(1.0 + rand::random::<f64>() * 0.5)
}

#[cfg(test)]
mod tests;
