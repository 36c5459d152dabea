//! Usage of all users, for admins.

use ignacio_domain::audit::AuditAction;
use ignacio_domain::ids::UserId;
use ignacio_domain::usage::{UsageGrouping, UsageRow};
use sea_orm::{DatabaseTransaction, FromQueryResult as _, raw_sql};
use time::Date;

use super::audit_read;
use crate::error::StoreError;
use crate::repos::usage::{SumRow, midnight, today};

/// The most groups in a report; those that cost most come first.
pub const MAX_USAGE_ROWS: i64 = 1_000;

/// The usage of all users.
pub struct UsageReport<'s> {
    txn: &'s DatabaseTransaction,
}

impl<'s> UsageReport<'s> {
    pub(crate) const fn new(txn: &'s DatabaseTransaction) -> Self {
        Self { txn }
    }

    /// The current day, in UTC.
    pub async fn today(&self) -> Result<Date, StoreError> {
        today(self.txn).await
    }

    /// Sums from one day to another, both included, for one user or all, at most
    /// [`MAX_USAGE_ROWS`]: days newest first; models and users by cost. The read is recorded in the
    /// audit log.
    #[tracing::instrument(name = "db.admin.usage.between", skip_all, err(level = "debug"))]
    pub async fn between(
        &self,
        by: UsageGrouping,
        user: Option<UserId>,
        from: Date,
        to: Date,
    ) -> Result<Vec<UsageRow>, StoreError> {
        let (of, limit) = (user.map(UserId::into_uuid), MAX_USAGE_ROWS);
        let (start, end) = (midnight(from), midnight(to.next_day().unwrap_or(to)));
        let (by_day, by_model, by_user) =
            (by == UsageGrouping::Day, by == UsageGrouping::Model, by == UsageGrouping::User);
        let read = raw_sql!(
            Postgres,
            "select case when {by_day} then date_trunc('day', created_at, 'UTC') end as day,
                    case when {by_model} then model end as model,
                    case when {by_user} then user_id end as user_id,
                    count(*) filter (where kind = 'reply') as replies,
                    sum(input_tokens)::bigint as input, sum(cached_tokens)::bigint as cached,
                    sum(output_tokens)::bigint as output,
                    sum(reasoning_tokens)::bigint as reasoning, sum(cost_micro)::bigint as cost_micro_usd
               from usage_records
              where created_at >= {start} and created_at < {end} and state <> 'reserved'
                and ({of}::uuid is null or user_id = {of})
              group by 1, 2, 3 order by 1 desc, 9 desc limit {limit}"
        );
        let rows = SumRow::find_by_statement(read).all(self.txn).await?;
        audit_read(self.txn, AuditAction::UsageListed, of, rows.len()).await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }
}
