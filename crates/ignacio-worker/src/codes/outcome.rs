//! What becomes of a message that could not be sent.

use std::time::Duration;

use ignacio_domain::ports::SendError;
use ignacio_persistence::{MessageKind, OutboxJob};

/// The pauses between the tries of a code; after the last one a person asks again by hand.
const PAUSES: [Duration; 3] =
    [Duration::from_secs(1), Duration::from_secs(3), Duration::from_secs(9)];
/// A code that could not be sent within this time is of little use to who waits for it.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a code is sent again that was too much at once.
const THROTTLED_RETRIES: i32 = 2;
/// Nobody waits for a notice, and it must not get lost: it is tried for a day.
const NOTICE_PATIENCE: Duration = Duration::from_hours(24);
const LONGEST_NOTICE_PAUSE: Duration = Duration::from_hours(1);

/// What becomes of it. The words are stored with the row.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Again after a pause.
    Again { after: Duration, error: String },
    /// Never again: this number cannot be reached.
    Unreachable { error: String },
    /// Never again. Any other would have failed as well.
    GaveUp { error: String, is_passing: bool },
}

impl Next {
    /// The word in the metrics.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Again { .. } => "retried",
            Self::Unreachable { .. } => "unreachable",
            Self::GaveUp { is_passing: true, .. } => "gave_up",
            Self::GaveUp { is_passing: false, .. } => "our_fault",
        }
    }
}

/// Judges an error of a job whose last try took so long.
pub(super) fn next(job: &OutboxJob, error: &SendError, took: Duration) -> Next {
    let age = job.age + took;
    let after = match job.kind {
        MessageKind::Code(_) => code_pause(job.attempts, age, error),
        MessageKind::Notice(_) => notice_pause(job.attempts, age, error),
    };
    let (error, is_passing) = match error {
        SendError::Unreachable { code } => return Next::Unreachable { error: code.clone() },
        SendError::Misconfigured { code, .. } => (code.clone(), false),
        SendError::Throttled { .. } => ("throttled".to_owned(), true),
        SendError::Transient { .. } => ("unavailable".to_owned(), true),
    };
    match after {
        Some(after) => Next::Again { after, error },
        None => Next::GaveUp { error, is_passing },
    }
}

/// The pause before the next try of a code; `None` when there is nothing to wait for any more.
fn code_pause(attempts: i32, age: Duration, error: &SendError) -> Option<Duration> {
    match error {
        SendError::Transient { .. } => {
            let done = usize::try_from(attempts.saturating_sub(1)).ok()?;
            PAUSES.get(done).copied().filter(|pause| age + *pause <= PATIENCE)
        }
        SendError::Throttled { retry_after: pause, .. } => {
            (attempts <= THROTTLED_RETRIES && *pause <= PATIENCE).then(|| spread(*pause))
        }
        SendError::Unreachable { .. } | SendError::Misconfigured { .. } => None,
    }
}

/// The same for a notice: 1 s, 3 s, 9 s and so on, up to an hour. A template that is wrong will be
/// wrong again; a key is mended some time.
fn notice_pause(attempts: i32, age: Duration, error: &SendError) -> Option<Duration> {
    let asked = match error {
        SendError::Transient { .. } | SendError::Misconfigured { is_critical: true, .. } => {
            Duration::ZERO
        }
        SendError::Throttled { retry_after: pause, .. } => *pause,
        SendError::Unreachable { .. } | SendError::Misconfigured { is_critical: false, .. } => {
            return None;
        }
    };
    let tries = u32::try_from(attempts.saturating_sub(1)).unwrap_or_default().min(8);
    let ours = Duration::from_secs(3_u64.pow(tries)).min(LONGEST_NOTICE_PAUSE);
    (age <= NOTICE_PATIENCE).then(|| spread(ours.max(asked)))
}

/// A pause of this length or up to half as much more, so that what was too much at once does not
/// come back at once.
fn spread(pause: Duration) -> Duration {
    pause.mul_f64(1.0 + rand::random::<f64>() * 0.5)
}

#[cfg(test)]
mod tests;
