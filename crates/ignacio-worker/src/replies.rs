//! Writes replies. A reply is generated here and nowhere else; readers follow its events.
//!
//! The provider generates in the background, so a reply outlives its worker: another worker resumes
//! after the last recorded event. Only the provider's own end completes a reply; any other end
//! keeps the text so far and records why.

mod citations;
mod context_window;
mod interrupt;
mod lifecycle;
mod prompt_builder;
mod recovery;
mod runner;
mod side_effects;
mod stream;
mod upstream;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use ignacio_domain::ids::ResponseId;
use ignacio_domain::prompt::INSTRUCTIONS_VERSION;
use ignacio_domain::response::{ReplyFailure, ReplyOutcome};
use ignacio_persistence::{LeaseExtension, ReplyJob, StoreError};
use tokio::time::{Instant, sleep};

use self::runner::ReplyRunner;
use crate::context::WorkerContext;
use crate::jobs::{JobControl, JobProcessor, JobQueue, Lease, LeaseStatus, Registration, Registry};

/// The most local replies that are remembered while every slot is taken. The others are found in
/// the database.
const MAX_LOCAL: usize = 1_024;
/// How long replies that were requested in other processes may wait while this process has its own.
const SHARED_CLAIM_INTERVAL: Duration = Duration::from_secs(1);
/// A reply whose workers died or lost it this often is not claimed again.
const MAX_CLAIMS: i32 = 5;

/// The leases of the replies that this process writes.
type ActiveReplies = Registry<ResponseId, Lease>;
/// Keeps a reply in that registry.
type ActiveReplyGuard<'r> = Registration<'r, ResponseId, Lease>;

/// Processes requested responses.
pub(crate) struct Replies {
    context: Arc<WorkerContext>,
    queue: JobQueue,
    local: Mutex<VecDeque<ResponseId>>,
    next_shared_claim: Mutex<Instant>,
    active: ActiveReplies,
}

impl Replies {
    pub(crate) fn new(context: Arc<WorkerContext>) -> Self {
        Self {
            queue: JobQueue::new("replies", context.settings.reply_concurrency),
            context,
            local: Mutex::default(),
            next_shared_claim: Mutex::new(Instant::now()),
            active: ActiveReplies::default(),
        }
    }

    /// Claims this one next: its reader is in this process.
    pub(crate) fn enqueue_local(&self, response: ResponseId) {
        let mut local = self.local.lock().unwrap_or_else(PoisonError::into_inner);
        if local.len() < MAX_LOCAL {
            local.push_back(response);
        }
        drop(local);
        self.queue.wakeup.notify_one();
    }

    /// Cancels a reply if it is written here. Other workers find the request in the database.
    pub(crate) fn cancel(&self, response: ResponseId) {
        if let Some(lease) = self.active.get(response) {
            lease.report(LeaseStatus::CancelRequested);
        }
    }

    /// Polls forever for running replies that were cancelled.
    pub(crate) async fn poll_cancellations(&self) -> Infallible {
        loop {
            sleep(self.context.settings.cancel_poll_interval).await;
            if self.active.is_empty() {
                continue;
            }
            match self.context.db.reply_jobs().cancelled().await {
                Ok(cancelled) => cancelled.into_iter().for_each(|id| self.cancel(id)),
                Err(error) => tracing::debug!(%error, "cancellations could not be polled"),
            }
        }
    }

    fn register(&self, job: &ReplyJob, lease: &Lease) -> ActiveReplyGuard<'_> {
        self.active.register(job.id, lease.clone())
    }

    fn take_local(&self, limit: usize) -> Vec<ResponseId> {
        let mut local = self.local.lock().unwrap_or_else(PoisonError::into_inner);
        let count = local.len().min(limit);
        local.drain(..count).collect()
    }

    /// Whether replies of other processes are to be claimed now, however many were requested here.
    fn is_shared_claim_due(&self) -> bool {
        let mut next = self.next_shared_claim.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let is_due = *next <= now;
        if is_due {
            *next = now + SHARED_CLAIM_INTERVAL;
        }
        is_due
    }
}

#[async_trait]
impl JobProcessor for Replies {
    type Job = ReplyJob;

    fn queue(&self) -> &JobQueue {
        &self.queue
    }

    async fn claim(&self, limit: usize) -> Result<Vec<ReplyJob>, StoreError> {
        let jobs = self.context.db.reply_jobs();
        let local = self.take_local(limit);
        let mut claimed = if local.is_empty() {
            Vec::new()
        } else {
            jobs.claim_by_id(&local, INSTRUCTIONS_VERSION).await?
        };
        let limit = limit.saturating_sub(claimed.len());
        if limit > 0 && (claimed.is_empty() || self.is_shared_claim_due()) {
            match jobs.claim(limit, INSTRUCTIONS_VERSION).await {
                Ok(shared) => claimed.extend(shared),
                // Claimed replies must not wait until their leases expire.
                Err(error) if claimed.is_empty() => return Err(error),
                Err(error) => tracing::debug!(%error, "only local replies are claimed"),
            }
        }
        Ok(claimed)
    }

    #[tracing::instrument(
        name = "work.reply",
        skip_all,
        fields(response = %job.id, attempts = job.attempts)
    )]
    async fn process(&self, job: &ReplyJob, control: &JobControl) -> Result<(), StoreError> {
        let lease = &control.lease;
        let _active = self.register(job, lease);
        if job.cancel_requested {
            lease.report(LeaseStatus::CancelRequested);
        }
        let replies = self.context.db.replies();
        let writer = self.context.backoff.retry_write(|| replies.open(job)).await?;
        let Some(writer) = writer else { return Ok(()) };
        let runner = ReplyRunner::new(&self.context, job, writer, lease);
        if job.attempts > MAX_CLAIMS {
            return runner.end(ReplyOutcome::Failed(ReplyFailure::Internal)).await;
        }
        runner.run().await
    }

    async fn panicked(&self, job: &ReplyJob) -> Result<(), StoreError> {
        let Some(writer) = self.context.db.replies().reopen(job).await? else { return Ok(()) };
        let lease = Lease::new();
        let _active = self.register(job, &lease);
        ReplyRunner::new(&self.context, job, writer, &lease)
            .end(ReplyOutcome::Failed(ReplyFailure::Internal))
            .await
    }

    async fn release(&self, job: &ReplyJob) -> Result<(), StoreError> {
        self.context.db.reply_jobs().release(job).await
    }

    fn heartbeat_interval(&self) -> Option<Duration> {
        Some(self.context.settings.reply_heartbeat)
    }

    async fn extend_lease(&self, job: &ReplyJob) -> Result<LeaseStatus, StoreError> {
        Ok(match self.context.db.reply_jobs().extend(job).await? {
            LeaseExtension::Held { cancel_requested: false } => LeaseStatus::Held,
            LeaseExtension::Held { cancel_requested: true } => LeaseStatus::CancelRequested,
            LeaseExtension::Lost => LeaseStatus::Lost,
        })
    }
}
