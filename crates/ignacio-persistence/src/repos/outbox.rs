//! Codes to send, each with a lease.

use std::time::Duration;

use ignacio_domain::ids::{OtpId, WorkerId};
use ignacio_domain::otp::OtpDigest;
use ignacio_domain::person::Locale;
use ignacio_domain::phone::PhoneNumber;
use sea_orm::{ConnectionTrait as _, DatabaseConnection, FromQueryResult, raw_sql};
use uuid::Uuid;

use crate::entities::outbox;
use crate::error::StoreError;
use crate::rows;

/// The outbox, as the role that may see it.
pub struct Outbox<'d> {
    auth: &'d DatabaseConnection,
    worker: WorkerId,
}

/// A code to make and to send.
#[derive(Clone, Debug)]
pub struct CodeJob {
    /// The row.
    pub id: Uuid,
    /// The challenge that the code is for.
    pub challenge: OtpId,
    /// Where it goes.
    pub phone: PhoneNumber,
    /// In which language.
    pub locale: Locale,
    /// How often it was tried, this time included.
    pub attempts: i32,
}

#[derive(FromQueryResult)]
struct ReceiverRow {
    id: Uuid,
    phone_number: String,
    locale: String,
}

impl<'d> Outbox<'d> {
    pub(crate) const fn new(auth: &'d DatabaseConnection, worker: WorkerId) -> Self {
        Self { auth, worker }
    }

    /// Takes codes that are due, for 60 seconds.
    #[tracing::instrument(name = "db.outbox.claim", skip_all, err(level = "debug"))]
    pub async fn claim(&self, limit: u32) -> Result<Vec<CodeJob>, StoreError> {
        let (worker, limit) = (self.worker.into_uuid(), i64::from(limit));
        let write = raw_sql!(
            Postgres,
            "with due as (
                 select id from outbox
                  where state = 'queued' and next_attempt_at <= now()
                    and (lease_until is null or lease_until < now())
                  order by next_attempt_at limit {limit} for update skip locked)
             update outbox o
                set lease_owner = {worker}, lease_until = now() + interval '60 seconds',
                    attempts = o.attempts + 1
               from due where o.id = due.id
             returning o.*"
        );
        let taken = outbox::Model::find_by_statement(write).all(self.auth).await?;
        if taken.is_empty() {
            return Ok(Vec::new());
        }
        let challenges: Vec<Uuid> = taken.iter().map(|row| row.otp_id).collect();
        let read = raw_sql!(
            Postgres,
            "select c.id, c.phone_number, u.locale
               from otp_codes c join users u on u.id = c.user_id
              where c.id = any({challenges})"
        );
        let receivers = ReceiverRow::find_by_statement(read).all(self.auth).await?;
        let receiver = |id| receivers.iter().find(|it| it.id == id);
        taken
            .into_iter()
            .filter_map(|row| Some((receiver(row.otp_id)?, row)))
            .map(|(receiver, row)| {
                Ok(CodeJob {
                    id: row.id,
                    challenge: OtpId::from_uuid(row.otp_id),
                    phone: rows::phone(&receiver.phone_number, "otp_codes")?,
                    locale: rows::locale(&receiver.locale)?,
                    attempts: row.attempts,
                })
            })
            .collect()
    }

    /// Stores the digest of a fresh code before it is sent, so that it works when it arrives; an
    /// earlier code of this challenge is void. False when the challenge is over: send nothing.
    #[tracing::instrument(name = "db.outbox.arm", skip_all, err(level = "debug"))]
    pub async fn arm(&self, job: &CodeJob, digest: &OtpDigest) -> Result<bool, StoreError> {
        let (id, digest) = (job.challenge.into_uuid(), digest.as_bytes().to_vec());
        let write = raw_sql!(
            Postgres,
            "update otp_codes set code_hash = {digest}
              where id = {id} and used_at is null and expires_at > now()"
        );
        Ok(self.auth.execute_raw(write).await?.rows_affected() > 0)
    }

    /// The provider took the message.
    #[tracing::instrument(name = "db.outbox.sent", skip_all, err(level = "debug"))]
    pub async fn sent(&self, job: &CodeJob, provider_message_id: &str) -> Result<(), StoreError> {
        let (id, otp) = (job.id, job.challenge.into_uuid());
        let message = provider_message_id.to_owned();
        let write = raw_sql!(
            Postgres,
            "with sent as (
                 update outbox set state = 'sent', provider_message_id = {message}, error = null,
                        lease_until = null
                  where id = {id} returning otp_id)
             update otp_codes set sent_at = now() where id = {otp}"
        );
        self.auth.execute_raw(write).await?;
        Ok(())
    }

    /// To be tried again.
    #[tracing::instrument(name = "db.outbox.retry", skip_all, err(level = "debug"))]
    pub async fn retry(
        &self,
        job: &CodeJob,
        after: Duration,
        error: &str,
    ) -> Result<(), StoreError> {
        let (id, seconds, error) = (job.id, after.as_secs_f64(), error.to_owned());
        let write = raw_sql!(
            Postgres,
            "update outbox
                set next_attempt_at = now() + make_interval(secs => {seconds}), error = {error},
                    lease_until = null
              where id = {id}"
        );
        self.auth.execute_raw(write).await?;
        Ok(())
    }

    /// Not to be tried again; the person may ask for another code.
    #[tracing::instrument(name = "db.outbox.give_up", skip_all, err(level = "debug"))]
    pub async fn give_up(&self, job: &CodeJob, error: &str) -> Result<(), StoreError> {
        let (id, error) = (job.id, error.to_owned());
        let write = raw_sql!(
            Postgres,
            "update outbox set state = 'failed', error = {error}, lease_until = null
              where id = {id}"
        );
        self.auth.execute_raw(write).await?;
        Ok(())
    }
}
