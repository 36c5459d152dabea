//! Periodic maintenance: monitors logins and deletes expired rows.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use ignacio_domain::lockout::{ALARM_DURATION, ALARM_FAILURES, ALARM_SAMPLES, ALARM_SHARE};
use ignacio_persistence::{CLEANUP_BATCH, ExpiredRows, ProviderOutage, StoreError};
use tokio::time::Instant;

use crate::context::WorkerContext;
use crate::jobs::{JobControl, JobProcessor, JobQueue, Shutdown, jittered};

const LOGIN_CHECK_INTERVAL: Duration = Duration::from_secs(30);
/// Expired rows are invisible, so they may stay a while.
const CLEANUP_INTERVAL: Duration = Duration::from_mins(5);
/// How many batches of a table are deleted at a time, so that a backlog blocks nothing else.
const MAX_BATCHES: u32 = 20;

/// Runs periodic tasks. Every worker runs them; running one twice does no harm.
pub(crate) struct Maintenance {
    context: Arc<WorkerContext>,
    queue: JobQueue,
    due: Mutex<[(MaintenanceTask, Option<Instant>); 2]>,
}

/// A periodic task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MaintenanceTask {
    MonitorLogins,
    DeleteExpired,
}

impl Maintenance {
    pub(crate) fn new(context: Arc<WorkerContext>) -> Self {
        let tasks = [MaintenanceTask::MonitorLogins, MaintenanceTask::DeleteExpired];
        let queue = JobQueue::new("maintenance", tasks.len());
        Self { context, queue, due: Mutex::new(tasks.map(|it| (it, None))) }
    }

    /// Counts failed logins, tightens the limits when there are too many, and updates the gauges.
    async fn monitor_logins(&self) -> Result<(), StoreError> {
        let monitor = self.context.db.login_monitor();
        let health = monitor.health().await?;
        let is_abnormal = is_abnormal(health.tries, health.failures);
        let alarm = is_abnormal.then_some(ALARM_DURATION.unsigned_abs());
        if monitor.record_check(alarm).await? {
            let (tries, failures) = (health.tries, health.failures);
            tracing::warn!(tries, failures, "too many logins fail: the limits are tightened");
        }
        metrics::gauge!("login_alarm").set(f64::from(u8::from(is_abnormal || health.is_alarm)));
        metrics::gauge!("login_failures_last_hour").set(number(health.failures));
        record_provider_outage(health.outage().as_ref());
        Ok(())
    }

    async fn delete_expired(&self, shutdown: &Shutdown) -> Result<(), StoreError> {
        let cleanup = self.context.db.retention_cleanup();
        for rows in ExpiredRows::ALL {
            for _ in 0..MAX_BATCHES {
                if shutdown.drain.is_cancelled() {
                    return Ok(());
                }
                let n_deleted = cleanup.delete_batch(rows).await?;
                metrics::counter!("expired_rows_deleted_total", "table" => rows.table())
                    .increment(n_deleted);
                if n_deleted < CLEANUP_BATCH {
                    break;
                }
            }
        }
        Ok(())
    }
}

#[async_trait]
impl JobProcessor for Maintenance {
    type Job = MaintenanceTask;

    fn queue(&self) -> &JobQueue {
        &self.queue
    }

    async fn claim(&self, limit: usize) -> Result<Vec<MaintenanceTask>, StoreError> {
        let now = Instant::now();
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let overdue = due.iter_mut().filter(|(_, at)| at.is_none_or(|at| at <= now)).take(limit);
        let claimed = overdue.map(|(task, at)| {
            *at = Some(now + jittered(task.interval()));
            *task
        });
        Ok(claimed.collect())
    }

    #[tracing::instrument(name = "work.maintenance", skip_all, fields(task = ?job))]
    async fn process(&self, job: &MaintenanceTask, control: &JobControl) -> Result<(), StoreError> {
        match job {
            MaintenanceTask::MonitorLogins => self.monitor_logins().await,
            MaintenanceTask::DeleteExpired => self.delete_expired(&control.shutdown).await,
        }
    }
}

impl MaintenanceTask {
    const fn interval(self) -> Duration {
        match self {
            Self::MonitorLogins => LOGIN_CHECK_INTERVAL,
            Self::DeleteExpired => CLEANUP_INTERVAL,
        }
    }
}

/// Sets the gauges that show whether codes can be sent.
pub(crate) fn record_provider_outage(outage: Option<&ProviderOutage>) {
    let is_critical = outage.is_some_and(|it| it.is_critical);
    metrics::gauge!("login_provider_outage").set(f64::from(u8::from(outage.is_some())));
    metrics::gauge!("login_provider_outage_critical").set(f64::from(u8::from(is_critical)));
}

/// Whether this many failures mean that codes are being guessed.
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
