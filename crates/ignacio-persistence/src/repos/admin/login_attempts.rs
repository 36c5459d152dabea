//! How it stands with people's codes and logins, for the staff.

use ignacio_domain::audit::AuditAction;
use ignacio_domain::delivery::DeliveryStatus;
use ignacio_domain::ids::{OtpId, UserId};
use ignacio_domain::lockout::LoginFailures;
use ignacio_domain::managed_user::ManagedUser;
use ignacio_domain::otp::CodeRecord;
use ignacio_domain::rate_limit::RateLimitKey;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, DatabaseTransaction, EntityTrait as _, FromQueryResult,
    JoinType, QueryFilter as _, QueryOrder as _, QuerySelect, raw_sql,
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::audit_read;
use super::managed_users::AccountRow;
use crate::entities::otp_codes;
use crate::error::StoreError;

/// Codes that are listed at most.
const MOST_CODES: u64 = 50;

/// Codes that were sent, and tries that failed.
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
    /// Reports come in any order, so the farthest of them counts.
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

    /// Whose logins these are, without a note in the audit: what is asked of them next writes it.
    #[tracing::instrument(name = "db.admin.logins.whose", skip_all, err(level = "debug"))]
    pub async fn find_user(&self, id: UserId) -> Result<Option<ManagedUser>, StoreError> {
        let user = id.into_uuid();
        let read = raw_sql!(
            Postgres,
            "select * from users
              where id = {user} and id <> '00000000-0000-0000-0000-000000000000'"
        );
        let row = AccountRow::find_by_statement(read).one(self.txn).await?;
        row.map(ManagedUser::try_from).transpose()
    }

    /// How many tries have failed, of the number or of the known device with which most have.
    #[tracing::instrument(name = "db.admin.logins.failures", skip_all, err(level = "debug"))]
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

    /// Forgets the tries that failed, of the number and of the known devices: both are let in again.
    #[tracing::instrument(name = "db.admin.logins.forget_failures", skip_all, err(level = "debug"))]
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

    /// What became of the codes of the last day, the newest first.
    #[tracing::instrument(name = "db.admin.logins.codes", skip_all, err(level = "debug"))]
    pub async fn codes(&self, id: UserId) -> Result<Vec<CodeRecord>, StoreError> {
        // Column by column: this role may not read the digests, nor where a code was sent.
        let mut codes = otp_codes::Entity::find()
            .select_only()
            .columns([
                otp_codes::Column::Id,
                otp_codes::Column::Attempts,
                otp_codes::Column::RedeemedAt,
                otp_codes::Column::ExpiresAt,
                otp_codes::Column::CreatedAt,
            ])
            .filter(otp_codes::Column::UserId.eq(id.into_uuid()))
            .filter(Expr::cust("otp_codes.created_at > now() - interval '1 day'"))
            .order_by_desc(otp_codes::Column::CreatedAt)
            .order_by_desc(otp_codes::Column::Id)
            .limit(MOST_CODES);
        let messages = ["state", "error", "sent_at", "delivered_at", "read_at", "failed_at"];
        let is_its = Expr::col(("outbox", "otp_id")).equals(otp_codes::Column::Id.as_column_ref());
        QuerySelect::query(&mut codes)
            .join(JoinType::InnerJoin, "outbox", is_its)
            .columns(messages.map(|column| ("outbox", column)));
        let rows = codes.into_model::<CodeRow>().all(self.txn).await?;
        audit_read(self.txn, AuditAction::CodesListed, Some(id.into_uuid()), rows.len()).await?;
        rows.into_iter().map(CodeRecord::try_from).collect()
    }
}
