//! Codes and notices to send, each with a lease.

mod decoys;

use std::time::Duration;

use ignacio_domain::ids::{OtpId, WorkerId};
use ignacio_domain::locale::Locale;
use ignacio_domain::otp::OtpDigest;
use ignacio_domain::phone::PhoneNumber;
use ignacio_domain::ports::NoticeKind;
use sea_orm::{ConnectionTrait as _, DatabaseConnection, FromQueryResult, raw_sql};
use uuid::Uuid;

use crate::error::StoreError;
use crate::leases::OUTBOX_LEASE;
use crate::repos::login_monitor::ProviderOutage;
use crate::rows;

/// The outbox, with the role that may see it.
///
/// Every challenge has a row. Those of decoys never become jobs (see [`Outbox::simulate_decoys`]).
pub struct Outbox<'d> {
    auth: &'d DatabaseConnection,
    worker: WorkerId,
}

/// A message to send.
#[derive(Clone, Debug)]
pub struct OutboxJob {
    /// The row.
    pub id: Uuid,
    /// What to send.
    pub kind: MessageKind,
    /// Where it goes.
    pub phone: PhoneNumber,
    /// In which language.
    pub locale: Locale,
    /// How often it was attempted, this time included.
    pub attempts: i32,
    /// How long ago it was requested.
    pub age: Duration,
    /// The current outage, during which nothing is sent. Now and then one code is claimed without
    /// it, to probe whether the outage is over.
    pub outage: Option<ProviderOutage>,
}

/// What kind of message it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// A code for a challenge, not generated yet.
    Code(OtpId),
    /// A notice to the user.
    Notice(NoticeKind),
}

#[derive(FromQueryResult)]
struct JobRow {
    id: Uuid,
    kind: String,
    otp_id: Option<Uuid>,
    phone_number: Option<String>,
    locale: Option<String>,
    attempts: i32,
    age: f64,
    provider_outage: Option<String>,
    is_probe: bool,
}

impl<'d> Outbox<'d> {
    pub(crate) const fn new(auth: &'d DatabaseConnection, worker: WorkerId) -> Self {
        Self { auth, worker }
    }

    /// Claims codes and notices that are due, for [`OUTBOX_LEASE`]; codes first, because users wait
    /// for them.
    #[tracing::instrument(name = "db.outbox.claim", skip_all, err(level = "debug"))]
    pub async fn claim(&self, limit: u32) -> Result<Vec<OutboxJob>, StoreError> {
        let (worker, limit) = (self.worker.into_uuid(), i64::from(limit));
        let lease = OUTBOX_LEASE.as_secs_f64();
        let write = raw_sql!(
            Postgres,
            "with due as (
                 select o.id from outbox o
                  where o.state = 'queued' and o.next_attempt_at <= now()
                    and (o.lease_until is null or o.lease_until < now())
                    and not exists (
                        select 1 from otp_codes c where c.id = o.otp_id and c.user_id is null)
                  order by o.kind = 'code' desc, o.next_attempt_at
                  limit {limit} for update of o skip locked),
             taken as (
                 update outbox o
                    set lease_owner = {worker}, lease_until = now() + make_interval(secs => {lease}),
                        attempts = o.attempts + 1
                   from due where o.id = due.id
                 returning o.id, o.kind, o.otp_id, o.user_id, o.phone_number, o.attempts,
                     o.created_at),
             probe as (
                 update login_monitor w set provider_outage_at = now()
                  where w.provider_outage_at <= now() - make_interval(secs =>
                            case when w.provider_outage like 'critical:%' then 60 else 30 end)
                    and exists (select 1 from taken t where t.kind = 'code')
                 returning 1)
             select t.id, t.kind, t.otp_id, t.attempts,
                    coalesce(t.phone_number, c.phone_number) as phone_number, u.locale,
                    extract(epoch from now() - t.created_at)::float8 as age,
                    w.provider_outage, exists (select 1 from probe) as is_probe
               from taken t
               left join otp_codes c on c.id = t.otp_id
               left join users u on u.id = coalesce(t.user_id, c.user_id)
               cross join login_monitor w
              order by t.kind = 'code' desc, t.created_at"
        );
        let rows = JobRow::find_by_statement(write).all(self.auth).await?;
        let is_probe = rows.iter().any(|row| row.is_probe);
        let mut jobs = Vec::with_capacity(rows.len());
        for row in rows {
            let id = row.id;
            match OutboxJob::try_from(row) {
                Ok(job) => jobs.push(job),
                Err(error) => {
                    // One malformed row must not stop the others.
                    tracing::error!(%error, %id, "this row is malformed and cannot be sent");
                    self.fail_row(id, "corrupt", false).await?;
                }
            }
        }
        // Codes come first, so the first job is one.
        if let Some(first) = jobs.first_mut().filter(|_| is_probe) {
            first.outage = None;
        }
        Ok(jobs)
    }

    /// Stores the digest of a new code before it is sent, so that it works when it arrives; an
    /// earlier code of this challenge becomes void. False when the challenge is over: send nothing.
    #[tracing::instrument(name = "db.outbox.store_code", skip_all, err(level = "debug"))]
    pub async fn store_code(
        &self,
        challenge: OtpId,
        digest: &OtpDigest,
    ) -> Result<bool, StoreError> {
        let (id, digest) = (challenge.into_uuid(), digest.as_bytes().to_vec());
        let write = raw_sql!(
            Postgres,
            "update otp_codes set code_hash = {digest}
              where id = {id} and used_at is null and expires_at > now()"
        );
        Ok(self.auth.execute_raw(write).await?.rows_affected() > 0)
    }

    /// Records that the provider accepted the message. The lease stays, because it shows when
    /// sending began. An accepted code proves that codes can be sent.
    #[tracing::instrument(name = "db.outbox.mark_sent", skip_all, err(level = "debug"))]
    pub async fn mark_sent(
        &self,
        job: &OutboxJob,
        provider_message_id: &str,
    ) -> Result<(), StoreError> {
        let (id, message) = (job.id, provider_message_id.to_owned());
        let write = raw_sql!(
            Postgres,
            "with sent as (
                 update outbox
                    set state = 'sent', provider_message_id = {message}, error = null,
                        sent_at = coalesce(sent_at, now())
                  where id = {id} returning otp_id),
             closed as (
                 update login_monitor set provider_outage = null, provider_outage_at = null
                  where provider_outage is not null
                    and exists (select 1 from sent where otp_id is not null))
             update otp_codes set sent_at = now() where id = (select otp_id from sent)"
        );
        self.auth.execute_raw(write).await?;
        Ok(())
    }

    /// Releases it for another attempt.
    #[tracing::instrument(name = "db.outbox.retry", skip_all, err(level = "debug"))]
    pub async fn retry(
        &self,
        job: &OutboxJob,
        after: Duration,
        error: &str,
    ) -> Result<(), StoreError> {
        let (id, seconds, error) = (job.id, after.as_secs_f64(), error.to_owned());
        let write = raw_sql!(
            Postgres,
            "update outbox
                set next_attempt_at = now() + make_interval(secs => {seconds}), error = {error},
                    lease_until = null
              where id = {id} and state = 'queued'"
        );
        self.auth.execute_raw(write).await?;
        Ok(())
    }

    /// Gives it up; the user may request another code. `is_misconfigured` says whether it would
    /// have failed for any number.
    #[tracing::instrument(name = "db.outbox.fail", skip_all, err(level = "debug"))]
    pub async fn fail(
        &self,
        job: &OutboxJob,
        error: &str,
        is_misconfigured: bool,
    ) -> Result<(), StoreError> {
        self.fail_row(job.id, error, is_misconfigured).await
    }

    /// Gives it up, because this number cannot be reached: admins see that as long as the user has
    /// the number.
    #[tracing::instrument(name = "db.outbox.mark_unreachable", skip_all, err(level = "debug"))]
    pub async fn mark_unreachable(&self, job: &OutboxJob, error: &str) -> Result<(), StoreError> {
        let (id, error) = (job.id, error.to_owned());
        let number = job.phone.expose().to_owned();
        let write = raw_sql!(
            Postgres,
            "with failed as (
                 update outbox o
                    set state = 'failed', error = {error}, failed_at = now(), lease_until = null
                  where o.id = {id} and o.state = 'queued'
                 returning coalesce(o.user_id, (
                     select c.user_id from otp_codes c where c.id = o.otp_id)) as user_id)
             update users u set unreachable_at = now()
               from failed f where u.id = f.user_id and u.phone_number = {number}"
        );
        self.auth.execute_raw(write).await?;
        Ok(())
    }

    async fn fail_row(
        &self,
        id: Uuid,
        error: &str,
        is_misconfigured: bool,
    ) -> Result<(), StoreError> {
        let error = error.to_owned();
        let write = raw_sql!(
            Postgres,
            "update outbox
                set state = 'failed', error = {error}, failed_at = now(),
                    is_misconfigured = {is_misconfigured}, lease_until = null
              where id = {id} and state = 'queued'"
        );
        self.auth.execute_raw(write).await?;
        Ok(())
    }
}

impl TryFrom<JobRow> for OutboxJob {
    type Error = StoreError;

    fn try_from(row: JobRow) -> Result<Self, StoreError> {
        let kind = match (row.kind.as_str(), row.otp_id) {
            ("code", Some(id)) => MessageKind::Code(OtpId::from_uuid(id)),
            ("phone_changed", None) => MessageKind::Notice(NoticeKind::PhoneChanged),
            ("new_device", None) => MessageKind::Notice(NoticeKind::NewDevice),
            _ => return Err(StoreError::corrupt("outbox", "kind")),
        };
        Ok(Self {
            id: row.id,
            kind,
            phone: rows::phone(row.phone_number.as_deref().unwrap_or_default(), "outbox")?,
            locale: rows::locale(row.locale.as_deref().unwrap_or_default())?,
            attempts: row.attempts,
            age: Duration::try_from_secs_f64(row.age).unwrap_or_default(),
            outage: row.provider_outage.as_deref().map(ProviderOutage::parse),
        })
    }
}
