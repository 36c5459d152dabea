//! How long to wait between two attempts, on a clock that tests replace.

use std::future::Future;
use std::iter;
use std::time::Duration;

use ignacio_domain::sync;
use ignacio_persistence::StoreError;

/// The longest delay that a provider can request.
const MAX_RETRY_AFTER: Duration = Duration::from_mins(10);
/// How often a write is attempted while the database is unavailable: about six seconds.
const WRITE_TRIES: usize = 6;
const FIRST_WRITE_DELAY: Duration = Duration::from_millis(200);

/// The clock that attempts are spaced out on: how long a delay really takes. Tests inject one on
/// which it takes no time.
pub type Clock = fn(Duration) -> Duration;

/// The clock of a deployment.
pub const SYSTEM_CLOCK: Clock = |delay| delay;

/// Spaces out the attempts of jobs, requests and writes.
pub(crate) struct Backoff {
    pub(crate) clock: Clock,
}

impl Backoff {
    /// How long `delay` really takes.
    pub(crate) fn real_time(&self, delay: Duration) -> Duration {
        (self.clock)(delay)
    }

    pub(crate) async fn sleep(&self, delay: Duration) {
        tokio::time::sleep(self.real_time(delay)).await;
    }

    /// The delay before a job's next attempt: random within [`sync::max_backoff`], so that jobs
    /// that failed together do not return together. A delay that the provider requests is the
    /// minimum, spread in the same way.
    pub(crate) fn delay(&self, attempts: i32, retry_after: Option<Duration>) -> Duration {
        let random = sync::max_backoff(attempts).unsigned_abs().mul_f64(rand::random::<f64>());
        let delay = match retry_after {
            Some(asked) => {
                let asked = asked.min(MAX_RETRY_AFTER);
                asked + random.min(asked)
            }
            None => random,
        };
        self.real_time(delay)
    }

    /// Repeats a write while the database is unavailable. For outside effects that have already
    /// happened, and would happen twice if a short outage lost the record of them.
    pub(crate) async fn retry_write<T, Write, Writing>(&self, write: Write) -> Result<T, StoreError>
    where
        Write: FnMut() -> Writing,
        Writing: Future<Output = Result<T, StoreError>>,
    {
        self.retry_while(|error| matches!(error, StoreError::Unavailable(_)), write).await
    }

    async fn retry_while<T, E, Write, Writing>(
        &self,
        is_transient: impl Fn(&E) -> bool,
        mut write: Write,
    ) -> Result<T, E>
    where
        Write: FnMut() -> Writing,
        Writing: Future<Output = Result<T, E>>,
    {
        for delay in doubling(FIRST_WRITE_DELAY, Duration::MAX).take(WRITE_TRIES - 1) {
            match write().await {
                Err(error) if is_transient(&error) => self.sleep(delay).await,
                done => return done,
            }
        }
        write().await
    }
}

/// Delays that double from `first` up to `longest`.
pub(crate) fn doubling(first: Duration, longest: Duration) -> impl Iterator<Item = Duration> {
    iter::successors(Some(first), move |delay| Some(delay.saturating_mul(2).min(longest)))
}

/// A delay of about this length, so that workers that started together drift apart.
pub(crate) fn jittered(delay: Duration) -> Duration {
    delay.mul_f64(0.9 + rand::random::<f64>() * 0.2)
}

#[cfg(test)]
impl Backoff {
    /// A backoff whose delays take no time.
    pub(crate) const INSTANT: Self = Self { clock: |_| Duration::ZERO };
    pub(crate) const REAL: Self = Self { clock: SYSTEM_CLOCK };
}

#[cfg(test)]
mod tests;
