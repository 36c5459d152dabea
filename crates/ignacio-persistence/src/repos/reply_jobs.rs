//! Replies to write, each with a lease and a fencing epoch.

use ignacio_domain::ids::{ConversationId, MessageId, ResponseId, UserId, WorkerId};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, FromQueryResult as _, raw_sql};
use uuid::Uuid;

use crate::entities::responses;
use crate::error::StoreError;
use crate::leases::REPLY_LEASE;

/// Responses as jobs.
pub struct ReplyJobs<'d> {
    worker: &'d DatabaseConnection,
    id: WorkerId,
}

/// A reply that this worker holds.
#[derive(Clone, Debug)]
pub struct ReplyJob {
    /// The response.
    pub id: ResponseId,
    /// The conversation that it belongs to.
    pub conversation: ConversationId,
    /// The message that it writes.
    pub message: MessageId,
    /// The owner.
    pub owner: UserId,
    /// The lease's fencing number: the holder of an older one writes nothing.
    pub epoch: i64,
    /// How often it was claimed, this time included.
    pub attempts: i32,
    /// The model that writes it.
    pub model: Option<String>,
    /// The provider's id, if an earlier worker got that far.
    pub provider_id: Option<String>,
    /// The provider's event number that the log has reached.
    pub provider_cursor: Option<i64>,
    /// Whether the user cancelled it before it was claimed.
    pub cancel_requested: bool,
}

impl ReplyJob {
    /// Whether no worker held it before: then none of it is written yet.
    pub(crate) const fn is_first_lease(&self) -> bool {
        self.epoch == 1
    }
}

impl From<responses::Model> for ReplyJob {
    fn from(row: responses::Model) -> Self {
        Self {
            id: ResponseId::from_uuid(row.id),
            conversation: ConversationId::from_uuid(row.conversation_id),
            message: MessageId::from_uuid(row.message_id),
            owner: UserId::from_uuid(row.user_id),
            epoch: row.lease_epoch,
            attempts: row.attempts,
            model: row.model,
            provider_id: row.provider_response_id,
            provider_cursor: row.provider_cursor,
            cancel_requested: row.cancel_requested_at.is_some(),
        }
    }
}

/// What a heartbeat learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseExtension {
    /// The lease is extended by [`REPLY_LEASE`].
    Held {
        /// Whether the user has cancelled the reply.
        cancel_requested: bool,
    },
    /// The lease is lost: stop, here and upstream.
    Lost,
}

impl<'d> ReplyJobs<'d> {
    pub(crate) const fn new(worker: &'d DatabaseConnection, id: WorkerId) -> Self {
        Self { worker, id }
    }

    /// Claims replies that are due, at most `room`, the oldest first, for [`REPLY_LEASE`], and
    /// records the version of the instructions that they are written with.
    #[tracing::instrument(name = "db.reply_jobs.claim", skip_all, err(level = "debug"))]
    pub async fn claim(&self, room: usize, rules: &str) -> Result<Vec<ReplyJob>, StoreError> {
        let (worker, rules) = (self.id.into_uuid(), rules.to_owned());
        let lease = REPLY_LEASE.as_secs_f64();
        let room = i64::try_from(room).unwrap_or(i64::MAX);
        let write = raw_sql!(
            Postgres,
            "update responses r
                set state = 'running', lease_owner = {worker},
                    lease_until = now() + make_interval(secs => {lease}),
                    lease_epoch = r.lease_epoch + 1, attempts = r.attempts + 1,
                    instructions_version = {rules}, started_at = coalesce(r.started_at, now())
              where r.id = any(array(
                  select id from responses
                   where state = 'queued' and next_attempt_at <= now()
                      or state = 'running' and lease_until < now()
                   order by next_attempt_at limit {room} for update skip locked))
             returning r.*"
        );
        let rows = responses::Model::find_by_statement(write).all(self.worker).await?;
        Ok(rows.into_iter().map(ReplyJob::from).collect())
    }

    /// The same for these replies, as far as they can be claimed: it reads no others, however many
    /// are running.
    #[tracing::instrument(name = "db.reply_jobs.claim_by_id", skip_all, err(level = "debug"))]
    pub async fn claim_by_id(
        &self,
        responses: &[ResponseId],
        rules: &str,
    ) -> Result<Vec<ReplyJob>, StoreError> {
        let (worker, rules) = (self.id.into_uuid(), rules.to_owned());
        let lease = REPLY_LEASE.as_secs_f64();
        let ids: Vec<Uuid> = responses.iter().map(|it| it.into_uuid()).collect();
        let write = raw_sql!(
            Postgres,
            "update responses r
                set state = 'running', lease_owner = {worker},
                    lease_until = now() + make_interval(secs => {lease}),
                    lease_epoch = r.lease_epoch + 1, attempts = r.attempts + 1,
                    instructions_version = {rules}, started_at = coalesce(r.started_at, now())
              where r.id = any(array(
                  select id from responses
                   where id = any({ids}) and state = 'queued' and next_attempt_at <= now()
                     for update skip locked))
             returning r.*"
        );
        let rows = responses::Model::find_by_statement(write).all(self.worker).await?;
        Ok(rows.into_iter().map(ReplyJob::from).collect())
    }

    /// Extends the lease by [`REPLY_LEASE`].
    #[tracing::instrument(name = "db.reply_jobs.extend", skip_all, err(level = "debug"))]
    pub async fn extend(&self, job: &ReplyJob) -> Result<LeaseExtension, StoreError> {
        let (id, worker, epoch) = (job.id.into_uuid(), self.id.into_uuid(), job.epoch);
        let lease = REPLY_LEASE.as_secs_f64();
        let write = raw_sql!(
            Postgres,
            "update responses set lease_until = now() + make_interval(secs => {lease})
              where id = {id} and lease_owner = {worker} and lease_epoch = {epoch}
                and lease_until > now() and state = 'running'
             returning cancel_requested_at is not null as is_requested"
        );
        match self.worker.query_one_raw(write).await? {
            Some(row) => {
                Ok(LeaseExtension::Held { cancel_requested: row.try_get("", "is_requested")? })
            }
            None => Ok(LeaseExtension::Lost),
        }
    }

    /// Releases a reply, so that another worker continues immediately; this attempt does not count.
    #[tracing::instrument(name = "db.reply_jobs.release", skip_all, err(level = "debug"))]
    pub async fn release(&self, job: &ReplyJob) -> Result<(), StoreError> {
        let (id, worker, epoch) = (job.id.into_uuid(), self.id.into_uuid(), job.epoch);
        let write = raw_sql!(
            Postgres,
            "update responses set lease_until = now() - interval '1 second', attempts = attempts - 1
              where id = {id} and lease_owner = {worker} and lease_epoch = {epoch}
                and state = 'running'"
        );
        self.worker.execute_raw(write).await?;
        Ok(())
    }

    /// Which of this worker's running replies were cancelled by their user.
    #[tracing::instrument(name = "db.reply_jobs.cancelled", skip_all, err(level = "debug"))]
    pub async fn cancelled(&self) -> Result<Vec<ResponseId>, StoreError> {
        let worker = self.id.into_uuid();
        let read = raw_sql!(
            Postgres,
            "select id from responses
              where state = 'running' and lease_owner = {worker}
                and cancel_requested_at is not null"
        );
        let rows = self.worker.query_all_raw(read).await?;
        let ids: Result<Vec<Uuid>, _> = rows.iter().map(|row| row.try_get("", "id")).collect();
        Ok(ids?.into_iter().map(ResponseId::from_uuid).collect())
    }
}
