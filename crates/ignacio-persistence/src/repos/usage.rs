//! What the user has used, and what is reserved for the next reply.

use std::time::Duration;

use ignacio_domain::ids::UserId;
use ignacio_domain::quota::UsageLimits;
use ignacio_domain::quota::{QuotaExceeded, QuotaKind};
use ignacio_domain::usage::{Reservation, Usage, UsageRow, UsageTotals};
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, FromQueryResult, raw_sql};
use time::{Date, OffsetDateTime, Time, UtcOffset};
use uuid::Uuid;

use crate::error::StoreError;

/// The usage of the scope's user.
pub struct UsageRecords<'s> {
    txn: &'s DatabaseTransaction,
    user: UserId,
}

#[derive(FromQueryResult)]
struct ReserveRow {
    refusal: Option<String>,
    retry_at: Option<OffsetDateTime>,
    seconds: Option<f64>,
}

/// A row of sums; the columns that are not grouped by are null.
#[derive(FromQueryResult)]
pub(crate) struct SumRow {
    day: Option<OffsetDateTime>,
    model: Option<String>,
    user_id: Option<Uuid>,
    replies: i64,
    input: i64,
    cached: i64,
    output: i64,
    reasoning: i64,
    cost_micro_usd: i64,
}

impl From<SumRow> for UsageRow {
    fn from(row: SumRow) -> Self {
        let usage = Usage {
            input: row.input,
            cached: row.cached,
            output: row.output,
            reasoning: row.reasoning,
        };
        Self {
            day: row.day.map(|it| it.to_offset(UtcOffset::UTC).date()),
            model: row.model,
            user: row.user_id.map(UserId::from_uuid),
            totals: UsageTotals { replies: row.replies, usage, cost_micro_usd: row.cost_micro_usd },
        }
    }
}

/// The start of a day in UTC.
pub(crate) fn midnight(day: Date) -> OffsetDateTime {
    day.with_time(Time::MIDNIGHT).assume_utc()
}

/// The current day in UTC, by the database's clock.
pub(crate) async fn today(txn: &DatabaseTransaction) -> Result<Date, StoreError> {
    let read = raw_sql!(Postgres, "select now() as now");
    let row = txn.query_one_raw(read).await?.ok_or(StoreError::NotFound)?;
    let now: OffsetDateTime = row.try_get("", "now")?;
    Ok(now.to_offset(UtcOffset::UTC).date())
}

impl<'s> UsageRecords<'s> {
    pub(crate) const fn new(txn: &'s DatabaseTransaction, user: UserId) -> Self {
        Self { txn, user }
    }

    /// Reserves what a reply may cost. If a quota does not allow it, returns that quota and
    /// reserves nothing. Until the scope ends, this user's other reservations wait, in every
    /// process.
    #[tracing::instrument(name = "db.usage.reserve", skip_all, err(level = "debug"))]
    pub async fn reserve(
        &self,
        reservation: &Reservation,
        limits: &UsageLimits,
    ) -> Result<Option<QuotaExceeded>, StoreError> {
        let (id, model) = (reservation.response.into_uuid(), reservation.model.clone());
        let (tokens, cost_micro_usd) = (reservation.tokens, reservation.cost_micro_usd);
        let at_once = i32::from(limits.concurrent_replies);
        let ten_minutes = i32::from(limits.messages_per_ten_minutes);
        let day = i32::from(limits.messages_per_day);
        let (day_tokens, month_tokens) = (limits.tokens_per_day, limits.tokens_per_month);
        let (day_micro, month_micro) =
            (limits.cost_micro_usd_per_day, limits.cost_micro_usd_per_month);
        let write = raw_sql!(
            Postgres,
            "select refusal, retry_at,
                    extract(epoch from retry_at - clock_timestamp())::double precision as seconds
               from app.reserve_usage(
                 {id}, {model}, {tokens}, {cost_micro_usd}, {at_once}, {ten_minutes}, {day}, {day_tokens},
                 {month_tokens}, {day_micro}, {month_micro})"
        );
        let row = ReserveRow::find_by_statement(write).one(self.txn).await?;
        let Some(ReserveRow { refusal: Some(refusal), retry_at, seconds }) = row else {
            return Ok(None);
        };
        let limit = QuotaKind::parse(&refusal);
        let limit = limit.ok_or(StoreError::corrupt("reserve_usage", "refusal"))?;
        let wait = seconds.map(|it| Duration::from_secs_f64(it.max(0.0)));
        Ok(Some(QuotaExceeded { quota: limit, resets_at: retry_at, retry_after: wait }))
    }

    /// The current day in UTC.
    pub async fn today(&self) -> Result<Date, StoreError> {
        today(self.txn).await
    }

    /// Usage from one day to another, both included: sums for each day and model, newest day first.
    /// A reservation counts once it is settled.
    #[tracing::instrument(name = "db.usage.between", skip_all, err(level = "debug"))]
    pub async fn between(&self, from: Date, to: Date) -> Result<Vec<UsageRow>, StoreError> {
        let user = self.user.into_uuid();
        let (start, end) = (midnight(from), midnight(to.next_day().unwrap_or(to)));
        let read = raw_sql!(
            Postgres,
            "select date_trunc('day', created_at, 'UTC') as day, model, null::uuid as user_id,
                    count(*) filter (where kind = 'reply') as replies,
                    sum(input_tokens)::bigint as input, sum(cached_tokens)::bigint as cached,
                    sum(output_tokens)::bigint as output,
                    sum(reasoning_tokens)::bigint as reasoning, sum(cost_micro)::bigint as cost_micro_usd
               from usage_records
              where user_id = {user} and created_at >= {start} and created_at < {end}
                and state <> 'reserved'
              group by 1, 2 order by 1 desc, 2"
        );
        let rows = SumRow::find_by_statement(read).all(self.txn).await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }
}
