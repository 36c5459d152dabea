//! Deletes expired rows. How long rows are kept is defined only in the policies of the worker's role
//! (`migration/src/sql/policies/`).

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, Statement};

use crate::error::StoreError;

/// How many rows are deleted at once.
pub const CLEANUP_BATCH: u64 = 1_000;
/// The advisory lock that a worker holds while it cleans up.
const LOCK: i64 = 0x1647_ac12;

/// Deletes expired rows.
pub struct RetentionCleanup<'d> {
    worker: &'d DatabaseConnection,
}

/// A kind of row that expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpiredRows {
    /// Codes with their outbox rows, some time after they expired.
    Codes,
    /// Sessions, some time after they expired.
    Sessions,
    /// Rate limit counters that no window covers any more.
    RateLimitKeys,
    /// Old failed logins.
    LoginFailures,
    /// Devices that are no longer known.
    Devices,
    /// Old notices.
    Notices,
    /// Old webhooks of the provider.
    Webhooks,
    /// Idempotency keys after their lifetime.
    IdempotencyKeys,
}

impl ExpiredRows {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Codes,
        Self::Sessions,
        Self::RateLimitKeys,
        Self::LoginFailures,
        Self::Devices,
        Self::Notices,
        Self::Webhooks,
        Self::IdempotencyKeys,
    ];

    /// The table.
    pub const fn table(self) -> &'static str {
        match self {
            Self::Codes => "otp_codes",
            Self::Sessions => "user_sessions",
            Self::RateLimitKeys => "rate_buckets",
            Self::LoginFailures => "login_failures",
            Self::Devices => "known_devices",
            Self::Notices => "outbox",
            Self::Webhooks => "webhook_inbox",
            Self::IdempotencyKeys => "idempotency_keys",
        }
    }
}

impl<'d> RetentionCleanup<'d> {
    pub(crate) const fn new(worker: &'d DatabaseConnection) -> Self {
        Self { worker }
    }

    /// Deletes up to [`CLEANUP_BATCH`] expired rows and returns their number. One worker cleans up at
    /// a time, the others find nothing to do: the role may not lock rows, so they could not skip each
    /// other's.
    #[tracing::instrument(name = "db.retention.delete_batch", skip_all, fields(what = what.table()), err(level = "debug"))]
    pub async fn delete_batch(&self, what: ExpiredRows) -> Result<u64, StoreError> {
        let table = what.table();
        let delete = format!(
            "with turn as materialized (select pg_try_advisory_xact_lock({LOCK}) as is_mine),
                  due as materialized (
                      select id from {table} where (select is_mine from turn) limit {CLEANUP_BATCH})
             delete from {table} where id in (select id from due)"
        );
        let delete = Statement::from_string(DbBackend::Postgres, delete);
        Ok(self.worker.execute_raw(delete).await?.rows_affected())
    }
}
