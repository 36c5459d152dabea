//! What is looked after all the time: how logins go, and rows whose time is over.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use ignacio_domain::lockout::{ALARM_DURATION, ALARM_FAILURES, ALARM_SAMPLES, ALARM_SHARE};
use ignacio_persistence::{CLEANUP_BATCH, ExpiredRows, ProviderOutage, StoreError};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::Shared;
use crate::queue::{Queue, Stop, jittered};

/// How often it is looked how logins go.
const WATCH: Duration = Duration::from_secs(30);
/// How often rows are swept away: nobody sees those whose time is over.
const SWEEP: Duration = Duration::from_mins(5);
/// How many batches of a table are swept at a time, so that a backlog keeps nobody waiting.
const BATCHES: u32 = 20;

/// What comes round again and again. Every worker does it; twice does no harm.
pub(crate) struct Upkeep {
    shared: Arc<Shared>,
    bell: Notify,
    due: Mutex<[(Chore, Option<Instant>); 2]>,
}

/// What there is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chore {
    Watch,
    Sweep,
}

impl Upkeep {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let due = Mutex::new([(Chore::Watch, None), (Chore::Sweep, None)]);
        Self { shared, bell: Notify::new(), due }
    }

    /// Looks how logins go, tightens the limits when too many fail, and shows it.
    async fn watch(&self) -> Result<(), StoreError> {
        let watch = self.shared.db.login_monitor();
        let health = watch.health().await?;
        let is_abnormal = is_abnormal(health.tries, health.failures);
        let alarm = is_abnormal.then_some(ALARM_DURATION.unsigned_abs());
        if watch.record_check(alarm).await? {
            let (tries, failures) = (health.tries, health.failures);
            tracing::warn!(tries, failures, "too many logins fail: limits are tighter");
        }
        metrics::gauge!("login_alarm").set(f64::from(u8::from(is_abnormal || health.is_alarm)));
        metrics::gauge!("login_failures_last_hour").set(number(health.failures));
        show_sender(health.outage().as_ref());
        Ok(())
    }

    async fn sweep(&self, stop: &Stop) -> Result<(), StoreError> {
        let sweep = self.shared.db.retention_cleanup();
        for what in ExpiredRows::ALL {
            for _ in 0..BATCHES {
                if stop.soon.is_cancelled() {
                    return Ok(());
                }
                let n_gone = sweep.delete_batch(what).await?;
                metrics::counter!("swept_rows_total", "table" => what.table()).increment(n_gone);
                if n_gone < CLEANUP_BATCH {
                    break;
                }
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Queue for Upkeep {
    type Job = Chore;

    fn name(&self) -> &'static str {
        "upkeep"
    }

    fn at_once(&self) -> usize {
        2
    }

    fn bell(&self) -> &Notify {
        &self.bell
    }

    async fn claim(&self, room: usize) -> Result<Vec<Chore>, StoreError> {
        let now = Instant::now();
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let late = due.iter_mut().filter(|(_, at)| at.is_none_or(|at| at <= now)).take(room);
        let taken = late.map(|(chore, at)| {
            *at = Some(now + jittered(chore.period()));
            *chore
        });
        Ok(taken.collect())
    }

    #[tracing::instrument(name = "work.upkeep", skip_all, fields(chore = ?job))]
    async fn work(&self, job: &Chore, stop: &Stop) -> Result<(), StoreError> {
        match job {
            Chore::Watch => self.watch().await,
            Chore::Sweep => self.sweep(stop).await,
        }
    }

    async fn crashed(&self, _job: &Chore) -> Result<(), StoreError> {
        Ok(())
    }

    async fn give_back(&self, _job: &Chore) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Chore {
    const fn period(self) -> Duration {
        match self {
            Self::Watch => WATCH,
            Self::Sweep => SWEEP,
        }
    }
}

/// Shows whether codes can be sent.
pub(crate) fn show_sender(fault: Option<&ProviderOutage>) {
    let is_critical = fault.is_some_and(|it| it.is_critical);
    metrics::gauge!("login_sender_fault").set(f64::from(u8::from(fault.is_some())));
    metrics::gauge!("login_sender_fault_critical").set(f64::from(u8::from(is_critical)));
}

/// Whether that many of so many tries fail only when somebody guesses.
fn is_abnormal(tries: i64, failures: i64) -> bool {
    failures >= ALARM_FAILURES
        || tries >= ALARM_SAMPLES && number(failures) >= number(tries) * ALARM_SHARE
}

fn number(count: i64) -> f64 {
    f64::from(i32::try_from(count).unwrap_or(i32::MAX))
}

#[cfg(test)]
mod tests {
    //! When the alarm is raised.

    use super::*;

    #[test]
    fn many_failures_raise_the_alarm_and_so_does_a_large_share() {
        for (tries, failures, expected) in [
            (0, 0, false),
            (99, 99, false),
            (100, 29, false),
            (100, 30, true),
            (600, 179, false),
            (600, 180, true),
            (100_000, 199, false),
            (100_000, 200, true),
        ] {
            assert_eq!(is_abnormal(tries, failures), expected, "{failures} of {tries}");
        }
    }
}
