//! The one loop around every kind of job: claim, run concurrently, wait, survive.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use ignacio_domain::error_chain;
use ignacio_persistence::StoreError;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;

use super::backoff::jittered;
use super::claim_backoff::ClaimBackoff;
use super::control::{JobControl, Shutdown};
use super::lease::{Lease, LeaseStatus, heartbeat};

/// How often jobs are claimed without a wakeup.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// How a kind of job is queued.
pub(crate) struct JobQueue {
    /// Its name in logs and metrics.
    pub(crate) name: &'static str,
    /// How many jobs run at once.
    pub(crate) concurrency: usize,
    /// Notified when there may be jobs.
    pub(crate) wakeup: Notify,
}

impl JobQueue {
    pub(crate) fn new(name: &'static str, concurrency: usize) -> Self {
        Self { name, concurrency, wakeup: Notify::new() }
    }
}

/// Processes one kind of job. The rows of the database are the queue.
#[async_trait]
pub(crate) trait JobProcessor: Send + Sync + 'static {
    /// A row that this worker holds a lease on.
    type Job: Send + Sync + 'static;

    fn queue(&self) -> &JobQueue;
    /// Claims at most `limit` jobs that are due; an empty list means that none is due.
    async fn claim(&self, limit: usize) -> Result<Vec<Self::Job>, StoreError>;
    /// Runs a job and records its outcome. An error leaves the job to its lease: when that
    /// expires, a worker claims it again.
    async fn process(&self, job: &Self::Job, control: &JobControl) -> Result<(), StoreError>;

    /// Records that [`JobProcessor::process`] panicked. By default the job is left to its lease.
    async fn panicked(&self, _job: &Self::Job) -> Result<(), StoreError> {
        Ok(())
    }
    /// Releases a job that was dropped because the process ends. By default it is left to its
    /// lease.
    async fn release(&self, _job: &Self::Job) -> Result<(), StoreError> {
        Ok(())
    }
    /// How often a running job's lease is extended; `None` if the lease outlasts the job.
    fn heartbeat_interval(&self) -> Option<Duration> {
        None
    }
    /// Extends a running job's lease.
    async fn extend_lease(&self, _job: &Self::Job) -> Result<LeaseStatus, StoreError> {
        Ok(LeaseStatus::Held)
    }
}

/// Processes jobs until the shutdown. The jobs that run then are left to `tracker`.
pub(crate) async fn serve<P: JobProcessor>(
    processor: Arc<P>,
    shutdown: Shutdown,
    tracker: TaskTracker,
) {
    let slots = Arc::new(Semaphore::new(processor.queue().concurrency));
    let mut backoff = ClaimBackoff::new(processor.queue().name);
    while wait_for_slot(&slots, &shutdown).await {
        // A claim is never cancelled: its jobs would be lost until their leases expire.
        let delay = match processor.claim(slots.available_permits()).await {
            Ok(jobs) => {
                backoff.succeeded();
                let is_idle = jobs.is_empty();
                for job in jobs {
                    let slot = Arc::clone(&slots).acquire_owned().await.ok();
                    tracker.spawn(run(Arc::clone(&processor), job, shutdown.clone(), slot));
                }
                if is_idle { jittered(POLL_INTERVAL) } else { continue }
            }
            Err(error) => backoff.failed(&error),
        };
        tokio::select! {
            () = shutdown.drain.cancelled() => return,
            () = processor.queue().wakeup.notified() => {}
            () = tokio::time::sleep(delay) => {}
        }
    }
}

/// Runs every job that is due, and returns their number.
pub(crate) async fn drain<P: JobProcessor>(processor: &P) -> Result<usize, StoreError> {
    let shutdown = Shutdown::never();
    let jobs = processor.claim(processor.queue().concurrency).await?;
    join_all(jobs.iter().map(|job| run_job(processor, job, &shutdown))).await;
    Ok(jobs.len())
}

async fn wait_for_slot(slots: &Semaphore, shutdown: &Shutdown) -> bool {
    if shutdown.drain.is_cancelled() {
        return false;
    }
    tokio::select! {
        () = shutdown.drain.cancelled() => false,
        slot = slots.acquire() => slot.is_ok(),
    }
}

async fn run<P: JobProcessor>(
    processor: Arc<P>,
    job: P::Job,
    shutdown: Shutdown,
    _slot: Option<OwnedSemaphorePermit>,
) {
    let n_running = metrics::gauge!("worker_jobs_running", "queue" => processor.queue().name);
    n_running.increment(1.0);
    let run = run_job(&*processor, &job, &shutdown);
    if shutdown.abort.run_until_cancelled(run).await.is_none()
        && let Err(error) = processor.release(&job).await
    {
        let error = error_chain(&error);
        tracing::warn!(queue = processor.queue().name, error, "a job could not be released");
    }
    n_running.decrement(1.0);
}

/// Runs one job with its heartbeat, and survives a panic.
async fn run_job<P: JobProcessor>(processor: &P, job: &P::Job, shutdown: &Shutdown) {
    let control = JobControl { lease: Lease::new(), shutdown: shutdown.clone() };
    let work = async {
        let extend = || processor.extend_lease(job);
        tokio::select! {
            done = processor.process(job, &control) => done,
            never = heartbeat(processor.heartbeat_interval(), &control.lease, extend) => match never {},
        }
    };
    let done = if let Ok(done) = AssertUnwindSafe(work).catch_unwind().await {
        done
    } else {
        // The process's panic hook has reported the panic itself.
        tracing::error!(queue = processor.queue().name, "a job panicked");
        metrics::counter!("worker_jobs_panicked_total", "queue" => processor.queue().name)
            .increment(1);
        processor.panicked(job).await
    };
    if let Err(error) = done {
        let error = error_chain(&error);
        tracing::warn!(queue = processor.queue().name, error, "a job was left to its lease");
    }
}

#[cfg(test)]
mod tests;
