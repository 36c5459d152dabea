//! What becomes of a job that met an error, and how long it waits for its next try.

use std::future::Future;
use std::time::Duration;

use ignacio_domain::ports::PortError;
use ignacio_domain::sync::{self, MAX_ATTEMPTS};
use ignacio_persistence::StoreError;

use crate::settings::Pauses;

/// A wish of the other side to be left alone is followed up to this long.
const LONGEST_ASKED_PAUSE: Duration = Duration::from_mins(10);
/// How long a job waits for somebody to put a key, a permission or a quota right.
const MISCONFIGURED_PAUSE: Duration = Duration::from_mins(15);
/// How often a write is repeated while the database does not answer: about six seconds.
const WRITES: u32 = 6;

/// What becomes of a job that met an error. The words are stored with the row and may be shown.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Again after a pause.
    Retry { after: Duration, error: String },
    /// Again after a pause, and this try does not count: the fault is ours, not the job's.
    Postpone { after: Duration },
    /// Never again.
    GiveUp { error: String },
}

/// Judges what an error of the outside means for a job that has been tried `attempts` times.
pub(crate) fn judge(error: &PortError, attempts: i32, pauses: Pauses) -> Verdict {
    match error {
        PortError::Rejected { code, .. } => Verdict::GiveUp { error: code.clone() },
        PortError::Misconfigured { .. } => Verdict::Postpone { after: MISCONFIGURED_PAUSE },
        PortError::Transient { retry_after, .. } => {
            again(word_for(error), attempts, *retry_after, pauses)
        }
        PortError::NotFound => again(word_for(error), attempts, None, pauses),
    }
}

/// Another try, unless there were [`MAX_ATTEMPTS`].
pub(crate) fn again(
    error: &str,
    attempts: i32,
    retry_after: Option<Duration>,
    pauses: Pauses,
) -> Verdict {
    let error = error.to_owned();
    if attempts >= MAX_ATTEMPTS {
        Verdict::GiveUp { error }
    } else {
        Verdict::Retry { after: pause(attempts, retry_after, pauses), error }
    }
}

/// A stable word for an error, fit to be stored and shown.
pub(crate) fn word_for(error: &PortError) -> &str {
    match error {
        PortError::Transient { .. } => "unavailable",
        PortError::NotFound => "not_found",
        PortError::Rejected { code, .. } | PortError::Misconfigured { code, .. } => code,
    }
}

/// The pause before the next try: a moment within [`sync::max_backoff`], so that jobs that
/// failed together do not come back together. When the other side names a pause, that one, and
/// then spread in the same way.
pub(crate) fn pause(attempts: i32, retry_after: Option<Duration>, pauses: Pauses) -> Duration {
    let drawn = sync::max_backoff(attempts).unsigned_abs().mul_f64(rand::random::<f64>());
    let pause = match retry_after {
        Some(asked) => {
            let asked = asked.min(LONGEST_ASKED_PAUSE);
            asked + drawn.min(asked)
        }
        None => drawn,
    };
    pauses.of(pause)
}

/// Repeats a write while the database does not answer. For what has already happened outside and
/// would happen twice if a moment's outage made us forget it.
pub(crate) async fn insist<T, Write, Writing>(pauses: Pauses, write: Write) -> Result<T, StoreError>
where
    Write: FnMut() -> Writing,
    Writing: Future<Output = Result<T, StoreError>>,
{
    insist_while(pauses, |error| matches!(error, StoreError::Unavailable(_)), write).await
}

async fn insist_while<T, E, Write, Writing>(
    pauses: Pauses,
    may_pass: impl Fn(&E) -> bool,
    mut write: Write,
) -> Result<T, E>
where
    Write: FnMut() -> Writing,
    Writing: Future<Output = Result<T, E>>,
{
    let mut rest = Duration::from_millis(200);
    for _ in 1..WRITES {
        match write().await {
            Err(error) if may_pass(&error) => tokio::time::sleep(pauses.of(rest)).await,
            done => return done,
        }
        rest *= 2;
    }
    write().await
}

#[cfg(test)]
mod tests;
