//! The one way in which every kind of work is done: claim, run side by side, wait, survive.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use ignacio_domain::error_chain;
use ignacio_persistence::StoreError;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How often a queue is looked at when nobody calls.
const POLL: Duration = Duration::from_secs(1);
/// The first pause while the database is away; it doubles up to [`LONGEST_OUTAGE_PAUSE`].
const OUTAGE_PAUSE: Duration = Duration::from_millis(500);
/// Short enough that work goes on within five seconds of the database's return.
const LONGEST_OUTAGE_PAUSE: Duration = Duration::from_secs(4);

/// One kind of work. The rows of the database are the queue.
#[async_trait]
pub(crate) trait Queue: Send + Sync + 'static {
    /// A row that this worker holds a lease on.
    type Job: Send + Sync + 'static;

    /// What it is called in logs and metrics.
    fn name(&self) -> &'static str;
    /// How many jobs run side by side.
    fn at_once(&self) -> usize;
    /// Rung when there may be work.
    fn bell(&self) -> &Notify;
    /// Takes jobs that are due, at most `room`; none means that nothing is due.
    async fn claim(&self, room: usize) -> Result<Vec<Self::Job>, StoreError>;
    /// Does a job and records what became of it. An error leaves the job to its lease: when that
    /// runs out, somebody takes it again.
    async fn work(&self, job: &Self::Job, stop: &Stop) -> Result<(), StoreError>;
    /// Records that [`Queue::work`] panicked on a job.
    async fn crashed(&self, job: &Self::Job) -> Result<(), StoreError>;
    /// Gives a job back that had to be dropped because the process ends.
    async fn give_back(&self, job: &Self::Job) -> Result<(), StoreError>;
}

/// The two steps of stopping.
#[derive(Clone)]
pub(crate) struct Stop {
    /// No new work; work that may take long comes to an end.
    pub(crate) soon: CancellationToken,
    /// Work that still runs is dropped.
    pub(crate) now: CancellationToken,
}

impl Stop {
    /// Stops soon when `soon` is cancelled.
    pub(crate) fn when(soon: CancellationToken) -> Self {
        Self { soon, now: CancellationToken::new() }
    }

    /// Never stops.
    pub(crate) fn never() -> Self {
        Self::when(CancellationToken::new())
    }
}

/// Works on a queue until it is told to stop. What runs then is left to `tracker`.
pub(crate) async fn serve<Q: Queue>(queue: Arc<Q>, stop: Stop, tracker: TaskTracker) {
    let slots = Arc::new(Semaphore::new(queue.at_once()));
    let mut outage = Outage::new(queue.name());
    while wait_for_room(&slots, &stop).await {
        // A claim is never cut short: what it took would be lost until its lease runs out.
        let rest = match queue.claim(slots.available_permits()).await {
            Ok(jobs) => {
                outage.is_over();
                let idle = jobs.is_empty();
                for job in jobs {
                    let slot = Arc::clone(&slots).acquire_owned().await.ok();
                    tracker.spawn(run(Arc::clone(&queue), job, stop.clone(), slot));
                }
                if idle { jittered(POLL) } else { continue }
            }
            Err(error) => outage.goes_on(&error),
        };
        tokio::select! {
            () = stop.soon.cancelled() => return,
            () = queue.bell().notified() => {}
            () = tokio::time::sleep(rest) => {}
        }
    }
}

/// Runs everything that is due on a queue; says how much that was.
pub(crate) async fn drain<Q: Queue>(queue: &Q) -> Result<usize, StoreError> {
    let stop = Stop::never();
    let jobs = queue.claim(queue.at_once()).await?;
    join_all(jobs.iter().map(|job| attend(queue, job, &stop))).await;
    Ok(jobs.len())
}

async fn wait_for_room(slots: &Semaphore, stop: &Stop) -> bool {
    if stop.soon.is_cancelled() {
        return false;
    }
    tokio::select! {
        () = stop.soon.cancelled() => false,
        slot = slots.acquire() => slot.is_ok(),
    }
}

async fn run<Q: Queue>(
    queue: Arc<Q>,
    job: Q::Job,
    stop: Stop,
    _slot: Option<OwnedSemaphorePermit>,
) {
    let running = metrics::gauge!("worker_jobs_running", "queue" => queue.name());
    running.increment(1.0);
    if stop.now.run_until_cancelled(attend(&*queue, &job, &stop)).await.is_none()
        && let Err(error) = queue.give_back(&job).await
    {
        let error = error_chain(&error);
        tracing::warn!(queue = queue.name(), error, "a job could not be given back");
    }
    running.decrement(1.0);
}

/// Works on one job and survives whatever it does.
async fn attend<Q: Queue>(queue: &Q, job: &Q::Job, stop: &Stop) {
    let worked = AssertUnwindSafe(queue.work(job, stop)).catch_unwind().await;
    let done = if let Ok(done) = worked {
        done
    } else {
        // The panic itself has been reported by the process's panic hook.
        tracing::error!(queue = queue.name(), "a job panicked");
        metrics::counter!("worker_jobs_panicked_total", "queue" => queue.name()).increment(1);
        queue.crashed(job).await
    };
    if let Err(error) = done {
        let error = error_chain(&error);
        tracing::warn!(queue = queue.name(), error, "a job was left to its lease");
    }
}

/// Tells of an outage once, and paces the attempts to get over it.
struct Outage {
    queue: &'static str,
    next: Option<Duration>,
}

impl Outage {
    const fn new(queue: &'static str) -> Self {
        Self { queue, next: None }
    }

    fn goes_on(&mut self, error: &StoreError) -> Duration {
        if self.next.is_none() {
            tracing::warn!(
                queue = self.queue,
                error = error_chain(error),
                "no work can be claimed"
            );
        }
        let rest = self.next.unwrap_or(OUTAGE_PAUSE);
        self.next = Some((rest * 2).min(LONGEST_OUTAGE_PAUSE));
        jittered(rest)
    }

    fn is_over(&mut self) {
        if self.next.take().is_some() {
            tracing::info!(queue = self.queue, "work is claimed again");
        }
    }
}

/// A pause of about this length, so that workers that were started together drift apart.
pub(crate) fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(0.9 + rand::random::<f64>() * 0.2)
}

#[cfg(test)]
mod tests;
