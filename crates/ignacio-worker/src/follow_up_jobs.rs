//! Runs the jobs that follow a reply: a title for the conversation, a summary of what no longer
//! fits into a prompt, and the verification of citations.
//!
//! No reply waits for them. The reply's own transaction enqueues them, so none is lost; a completed
//! job leaves no row.

mod run;
mod summary;
mod title;
mod verify_citations;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ignacio_domain::error_chain;
use ignacio_persistence::{FollowUpJob, FollowUpKind, StoreError};

use self::run::FollowUpRun;
use crate::context::WorkerContext;
use crate::jobs::{JobControl, JobError, JobOutcome, JobProcessor, JobQueue};

/// A job is dropped after this many attempts: the next reply enqueues it again if it still matters.
const MAX_TRIES: i32 = 5;

/// Processes follow-up jobs.
pub(crate) struct FollowUps {
    context: Arc<WorkerContext>,
}

impl FollowUps {
    pub(crate) fn new(context: Arc<WorkerContext>) -> Self {
        Self { context }
    }

    async fn record(
        &self,
        job: &FollowUpJob,
        result: Result<(), JobError>,
    ) -> Result<(), StoreError> {
        let kind = kind_name(job.kind);
        let jobs = self.context.db.follow_up_jobs();
        let backoff = &self.context.backoff;
        if let Err(JobError::Port(error)) = &result {
            tracing::warn!(kind, error = error_chain(error), "a follow-up job failed");
        }
        let mut outcome = JobOutcome::of(result, job.attempts, backoff)?;
        if let JobOutcome::Retry { error, .. } = &mut outcome
            && job.attempts >= MAX_TRIES
        {
            outcome = JobOutcome::Fail { error: std::mem::take(error) };
        }
        metrics::counter!("follow_up_jobs_total", "kind" => kind, "outcome" => outcome.as_str())
            .increment(1);
        match outcome {
            // A completed job has deleted its row, and a lost one belongs to another worker.
            JobOutcome::Done | JobOutcome::LeaseLost => Ok(()),
            JobOutcome::Postpone { after } => {
                backoff.retry_write(|| jobs.postpone(job, after)).await
            }
            JobOutcome::Retry { after, .. } => backoff.retry_write(|| jobs.retry(job, after)).await,
            JobOutcome::Fail { .. } => match self.context.db.begin_follow_up(job).await? {
                Some(scope) => scope.complete().await,
                None => Ok(()),
            },
        }
    }
}

#[async_trait]
impl JobProcessor for FollowUps {
    type Job = FollowUpJob;

    fn queue(&self) -> &JobQueue {
        &self.context.follow_up_queue
    }

    async fn claim(&self, limit: usize) -> Result<Vec<FollowUpJob>, StoreError> {
        self.context.db.follow_up_jobs().claim(u32::try_from(limit).unwrap_or(u32::MAX)).await
    }

    #[tracing::instrument(
        name = "work.follow_up_job",
        skip_all,
        fields(job = %job.id, kind = kind_name(job.kind), attempts = job.attempts)
    )]
    async fn process(&self, job: &FollowUpJob, _control: &JobControl) -> Result<(), StoreError> {
        let run = FollowUpRun { context: &self.context, job };
        let result = match job.kind {
            FollowUpKind::Title => run.title().await,
            FollowUpKind::Summary => run.summary().await,
            FollowUpKind::VerifyCitations(message) => run.verify_citations(message).await,
        };
        self.record(job, result).await
    }

    async fn panicked(&self, job: &FollowUpJob) -> Result<(), StoreError> {
        self.record(job, Err(JobError::Retryable("panic".to_owned()))).await
    }

    async fn release(&self, job: &FollowUpJob) -> Result<(), StoreError> {
        self.context.db.follow_up_jobs().postpone(job, Duration::ZERO).await
    }
}

const fn kind_name(kind: FollowUpKind) -> &'static str {
    match kind {
        FollowUpKind::Title => "title",
        FollowUpKind::Summary => "summary",
        FollowUpKind::VerifyCitations(_) => "citations",
    }
}
