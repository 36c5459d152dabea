//! The codes and failed logins of users, for admins.

use ignacio_domain::audit::AuditAction;
use ignacio_domain::delivery::DeliveryStatus;
use ignacio_domain::ids::{OtpId, UserId};
use ignacio_domain::lockout::LoginFailures;
use ignacio_domain::managed_user::ManagedUser;
use ignacio_domain::otp::CodeRecord;
use ignacio_domain::rate_limit::RateLimitKey;
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, FromQueryResult, raw_sql};
use time::OffsetDateTime;
use uuid::Uuid;

use super::audit_read;
use super::managed_users::find_unrecorded;
use crate::error::StoreError;

/// The most codes in a list.
const MAX_CODES: i64 = 50;

/// Codes that were sent, and failed attempts.
pub struct LoginAttempts<'s> {
    txn: &'s DatabaseTransaction,
}

#[derive(FromQueryResult)]
struct FailuresRow {
    failures: i32,
    paused_until: Option<OffsetDateTime>,
}

#[derive(FromQueryResult)]
struct CodeRow {
    id: Uuid,
    attempts: i16,
    redeemed_at: Option<OffsetDateTime>,
    expires_at: OffsetDateTime,
    created_at: OffsetDateTime,
    state: String,
    error: Option<String>,
    sent_at: Option<OffsetDateTime>,
    delivered_at: Option<OffsetDateTime>,
    read_at: Option<OffsetDateTime>,
    failed_at: Option<OffsetDateTime>,
}

impl CodeRow {
    /// Reports come in any order, so the furthest one counts.
    fn delivery_status(&self) -> DeliveryStatus {
        if self.read_at.is_some() {
            DeliveryStatus::Read
        } else if self.delivered_at.is_some() {
            DeliveryStatus::Delivered
        } else if self.failed_at.is_some() || self.state == "failed" {
            DeliveryStatus::Failed
        } else if self.sent_at.is_some() || self.state == "sent" {
            DeliveryStatus::Sent
        } else {
            DeliveryStatus::Queued
        }
    }
}

impl TryFrom<CodeRow> for CodeRecord {
    type Error = StoreError;

    fn try_from(row: CodeRow) -> Result<Self, StoreError> {
        let tries = u16::try_from(row.attempts).ok();
        Ok(Self {
            id: OtpId::from_uuid(row.id),
            requested_at: row.created_at,
            status: row.delivery_status(),
            tries: tries.ok_or(StoreError::corrupt("otp_codes", "attempts"))?,
            is_used: row.redeemed_at.is_some(),
            reason: row.error,
            sent_at: row.sent_at,
            delivered_at: row.delivered_at,
            expires_at: row.expires_at,
        })
    }
}

impl<'s> LoginAttempts<'s> {
    pub(crate) const fn new(txn: &'s DatabaseTransaction) -> Self {
        Self { txn }
    }

    /// The user these logins belong to. Not recorded in the audit log: the read that follows is.
    #[tracing::instrument(
        name = "db.admin.login_attempts.find_user",
        skip_all,
        err(level = "debug")
    )]
    pub async fn find_user(&self, id: UserId) -> Result<Option<ManagedUser>, StoreError> {
        find_unrecorded(self.txn, id).await
    }

    /// How many attempts have failed: with the number, or with the known device that has the most.
    #[tracing::instrument(
        name = "db.admin.login_attempts.failures",
        skip_all,
        err(level = "debug")
    )]
    pub async fn failures(
        &self,
        id: UserId,
        number: Option<RateLimitKey>,
    ) -> Result<LoginFailures, StoreError> {
        let (user, number) = (id.into_uuid(), number.map(RateLimitKey::into_uuid));
        let read = raw_sql!(
            Postgres,
            "select coalesce(max(failures), 0) as failures,
                    max(paused_until) filter (where paused_until > now()) as paused_until
               from login_failures
              where id = {number} or id in (select id from known_devices where user_id = {user})"
        );
        let row = FailuresRow::find_by_statement(read).one(self.txn).await?;
        let counted = row.as_ref().and_then(|row| u16::try_from(row.failures).ok());
        let found = LoginFailures {
            failures: counted.ok_or(StoreError::corrupt("login_failures", "failures"))?,
            paused_until: row.and_then(|row| row.paused_until),
        };
        audit_read(self.txn, AuditAction::UserRead, Some(user), 1).await?;
        let paused_until = found.paused_until.filter(|_| !found.is_locked());
        Ok(LoginFailures { paused_until, ..found })
    }

    /// Clears the failed attempts of the number and of the known devices: neither is locked out any
    /// more.
    #[tracing::instrument(
        name = "db.admin.login_attempts.clear_failures",
        skip_all,
        err(level = "debug")
    )]
    pub async fn clear_failures(
        &self,
        id: UserId,
        number: Option<RateLimitKey>,
    ) -> Result<(), StoreError> {
        let (user, number) = (id.into_uuid(), number.map(RateLimitKey::into_uuid));
        let write = raw_sql!(
            Postgres,
            "delete from login_failures
              where id = {number} or id in (select id from known_devices where user_id = {user})"
        );
        let n_forgotten = self.txn.execute_raw(write).await?.rows_affected();
        let n_forgotten = usize::try_from(n_forgotten).unwrap_or(usize::MAX);
        audit_read(self.txn, AuditAction::UserUnlocked, Some(user), n_forgotten).await
    }

    /// The codes of the last day and what became of them, newest first.
    #[tracing::instrument(name = "db.admin.login_attempts.codes", skip_all, err(level = "debug"))]
    pub async fn codes(&self, id: UserId) -> Result<Vec<CodeRecord>, StoreError> {
        let (user, limit) = (id.into_uuid(), MAX_CODES);
        // Columns are listed: this role may not read the digests, nor where a code was sent.
        let read = raw_sql!(
            Postgres,
            "select c.id, c.attempts, c.redeemed_at, c.expires_at, c.created_at,
                    o.state, o.error, o.sent_at, o.delivered_at, o.read_at, o.failed_at
               from otp_codes c join outbox o on o.otp_id = c.id
              where c.user_id = {user} and c.created_at > now() - interval '1 day'
              order by c.created_at desc, c.id desc limit {limit}"
        );
        let rows = CodeRow::find_by_statement(read).all(self.txn).await?;
        audit_read(self.txn, AuditAction::CodesListed, Some(id.into_uuid()), rows.len()).await?;
        rows.into_iter().map(CodeRecord::try_from).collect()
    }
}
