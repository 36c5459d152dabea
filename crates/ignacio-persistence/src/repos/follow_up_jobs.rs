//! Titles, summaries and citation checks, each with a lease and a fencing epoch.

use std::time::Duration;

use ignacio_domain::ids::{ConversationId, FollowUpId, MessageId, UserId, WorkerId};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, FromQueryResult, raw_sql};
use uuid::Uuid;

use crate::error::StoreError;
use crate::leases::FOLLOW_UP_LEASE;

/// Follow-up jobs as jobs. A write under a lost lease changes nothing.
pub struct FollowUpJobs<'d> {
    worker: &'d DatabaseConnection,
    id: WorkerId,
}

/// What a follow-up job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FollowUpKind {
    /// Titles an untitled conversation.
    Title,
    /// Summarizes the oldest part of a long conversation.
    Summary,
    /// Verifies the citations of a reply.
    VerifyCitations(MessageId),
}

/// A follow-up job that this worker holds.
#[derive(Clone, Debug)]
pub struct FollowUpJob {
    /// The id.
    pub id: FollowUpId,
    /// The owner.
    pub owner: UserId,
    /// The conversation.
    pub conversation: ConversationId,
    /// What to do.
    pub kind: FollowUpKind,
    /// The lease's fencing number: the holder of an older one writes nothing.
    pub epoch: i64,
    /// How often it was attempted, this time included.
    pub attempts: i32,
}

#[derive(FromQueryResult)]
struct JobRow {
    id: Uuid,
    user_id: Uuid,
    conversation_id: Uuid,
    kind: String,
    message_id: Option<Uuid>,
    lease_epoch: i64,
    attempts: i32,
}

impl TryFrom<JobRow> for FollowUpJob {
    type Error = StoreError;

    fn try_from(row: JobRow) -> Result<Self, StoreError> {
        let kind = match (row.kind.as_str(), row.message_id) {
            ("title", _) => FollowUpKind::Title,
            ("summary", _) => FollowUpKind::Summary,
            ("citations", Some(message)) => {
                FollowUpKind::VerifyCitations(MessageId::from_uuid(message))
            }
            _ => return Err(StoreError::corrupt("follow_up_jobs", "kind")),
        };
        Ok(Self {
            id: FollowUpId::from_uuid(row.id),
            owner: UserId::from_uuid(row.user_id),
            conversation: ConversationId::from_uuid(row.conversation_id),
            kind,
            epoch: row.lease_epoch,
            attempts: row.attempts,
        })
    }
}

impl<'d> FollowUpJobs<'d> {
    pub(crate) const fn new(worker: &'d DatabaseConnection, id: WorkerId) -> Self {
        Self { worker, id }
    }

    /// Claims follow-up jobs that are due, the oldest first, for [`FOLLOW_UP_LEASE`].
    #[tracing::instrument(name = "db.follow_up_jobs.claim", skip_all, err(level = "debug"))]
    pub async fn claim(&self, limit: u32) -> Result<Vec<FollowUpJob>, StoreError> {
        let (worker, limit) = (self.id.into_uuid(), i64::from(limit));
        let lease = FOLLOW_UP_LEASE.as_secs_f64();
        // In a CTE, which is run once: see the file jobs.
        let write = raw_sql!(
            Postgres,
            "with due as (
                 select id from follow_up_jobs
                  where next_attempt_at <= now() and (lease_until is null or lease_until < now())
                  order by next_attempt_at limit {limit} for update skip locked)
             update follow_up_jobs c
                set lease_owner = {worker}, lease_until = now() + make_interval(secs => {lease}),
                    lease_epoch = c.lease_epoch + 1, attempts = c.attempts + 1
               from due where c.id = due.id
             returning c.id, c.user_id, c.conversation_id, c.kind, c.message_id, c.lease_epoch,
                       c.attempts"
        );
        let rows = JobRow::find_by_statement(write).all(self.worker).await?;
        rows.into_iter().map(FollowUpJob::try_from).collect()
    }

    /// Releases it for another attempt.
    #[tracing::instrument(name = "db.follow_up_jobs.retry", skip_all, err(level = "debug"))]
    pub async fn retry(&self, job: &FollowUpJob, after: Duration) -> Result<(), StoreError> {
        self.release(job, after, 0).await
    }

    /// Releases it for another attempt, without counting this one.
    #[tracing::instrument(name = "db.follow_up_jobs.postpone", skip_all, err(level = "debug"))]
    pub async fn postpone(&self, job: &FollowUpJob, after: Duration) -> Result<(), StoreError> {
        self.release(job, after, 1).await
    }

    async fn release(
        &self,
        job: &FollowUpJob,
        after: Duration,
        forgiven: i32,
    ) -> Result<(), StoreError> {
        let (id, worker, epoch) = (job.id.into_uuid(), self.id.into_uuid(), job.epoch);
        let seconds = after.as_secs_f64();
        let write = raw_sql!(
            Postgres,
            "update follow_up_jobs
                set next_attempt_at = now() + make_interval(secs => {seconds}),
                    attempts = attempts - {forgiven}, lease_until = null
              where id = {id} and lease_owner = {worker} and lease_epoch = {epoch}"
        );
        self.worker.execute_raw(write).await?;
        Ok(())
    }
}
