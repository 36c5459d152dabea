//! What delivery reports change. Order and repeats make no difference: the earliest time of each
//! status stays, a message that arrived has not failed, and of two failures the first gives the
//! reason.

use std::collections::HashSet;

use ignacio_domain::delivery::{DeliveryFault, DeliveryReport};
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, FromQueryResult, raw_sql};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::StoreError;

/// What is new about one message.
#[derive(Clone, Debug, PartialEq, FromQueryResult)]
pub struct DeliveryUpdate {
    /// Whether it carried a code, rather than a notice.
    pub is_code: bool,
    /// Its new statuses: `delivered`, `read` or `failed`.
    pub outcomes: Vec<String>,
    /// Why it failed: the provider's code.
    pub error: Option<String>,
    /// How long it took from sending to delivery, if it has just arrived.
    pub seconds: Option<f64>,
}

#[derive(FromQueryResult)]
struct ChangeRow {
    id: Uuid,
    message_id: String,
    #[sea_orm(nested)]
    update: DeliveryUpdate,
}

/// Records reports; returns the messages that are ours, and what is new about them.
pub(super) async fn record(
    txn: &DatabaseTransaction,
    reports: &[&DeliveryReport],
) -> Result<(HashSet<String>, Vec<DeliveryUpdate>), StoreError> {
    if reports.is_empty() {
        return Ok((HashSet::new(), Vec::new()));
    }
    let changes = change(txn, reports).await?;
    let unreachable: HashSet<&str> =
        reports.iter().filter(|it| blames_number(it)).map(|it| it.message_id.as_str()).collect();
    let (mut touched, mut suspects) = (Vec::new(), Vec::new());
    let (mut known, mut updates) = (HashSet::new(), Vec::new());
    for change in changes {
        touched.push(change.id);
        if unreachable.contains(change.message_id.as_str()) {
            suspects.push(change.id);
        }
        known.insert(change.message_id);
        if !change.update.outcomes.is_empty() {
            updates.push(change.update);
        }
    }
    clear_reachable(txn, touched).await?;
    if !suspects.is_empty() {
        mark_unreachable(txn, suspects).await?;
    }
    Ok((known, updates))
}

fn blames_number(report: &DeliveryReport) -> bool {
    report.failure.as_ref().is_some_and(|it| it.fault == DeliveryFault::Unreachable)
}

async fn change(
    txn: &DatabaseTransaction,
    reports: &[&DeliveryReport],
) -> Result<Vec<ChangeRow>, StoreError> {
    let messages: Vec<String> = reports.iter().map(|it| it.message_id.clone()).collect();
    let statuses: Vec<String> = reports.iter().map(|it| it.status.as_str().to_owned()).collect();
    let times: Vec<OffsetDateTime> = reports.iter().map(|it| it.at).collect();
    let codes: Vec<String> = reports.iter().map(|it| error_code(it).to_owned()).collect();
    let write = raw_sql!(
        Postgres,
        "with report as (
             select * from rows from (unnest({messages}), unnest({statuses}), unnest({times}),
                    unnest({codes})) r (message_id, status, at, code)),
         before as (
             select * from outbox o
              where o.provider_message_id in (select message_id from report)
              order by o.id for update),
         reported as (
             -- Nothing happens to a message before we sent it, whatever another clock says.
             select b.id, min(event.at) filter (where r.status = 'sent') as sent_at,
                    min(event.at) filter (where r.status = 'delivered') as delivered_at,
                    min(event.at) filter (where r.status = 'read') as read_at,
                    min(event.at) filter (where r.status = 'failed') as failed_at,
                    (array_agg(r.code order by event.at, r.code) filter (where r.status = 'failed'))[1]
                        as code
               from before b join report r on r.message_id = b.provider_message_id
              cross join lateral (select greatest(r.at, b.sent_at, b.created_at) as at) event
              group by b.id)
         update outbox o
            set sent_at = coalesce(b.sent_at, t.sent_at),
                delivered_at = least(b.delivered_at, t.delivered_at),
                read_at = least(b.read_at, t.read_at),
                failed_at = least(b.failed_at, t.failed_at),
                error = case
                    when coalesce(b.delivered_at, t.delivered_at, b.read_at, t.read_at) is not null
                        then null
                    when t.failed_at < b.failed_at or b.failed_at is null
                        then coalesce(t.code, b.error)
                    when t.failed_at = b.failed_at then least(b.error, t.code)
                    else b.error end
           from before b join reported t on t.id = b.id
          where o.id = b.id
         returning o.id, o.provider_message_id as message_id, o.kind = 'code' as is_code, o.error,
             array_remove(array[
                 case when coalesce(b.delivered_at, b.read_at) is null
                     and coalesce(o.delivered_at, o.read_at) is not null then 'delivered' end,
                 case when b.read_at is null and o.read_at is not null then 'read' end,
                 case when b.failed_at is null and o.failed_at is not null
                     and coalesce(o.delivered_at, o.read_at) is null then 'failed' end],
                 null) as outcomes,
             case when coalesce(b.delivered_at, b.read_at) is null
                  then extract(epoch from least(o.delivered_at, o.read_at) - o.sent_at)::float8
                  end as seconds"
    );
    Ok(ChangeRow::find_by_statement(write).all(txn).await?)
}

/// A user who received one of these messages is reachable, unless a later message failed.
async fn clear_reachable(txn: &DatabaseTransaction, touched: Vec<Uuid>) -> Result<(), StoreError> {
    let write = raw_sql!(
        Postgres,
        "with proof as (
             select coalesce(o.user_id, c.user_id) as user_id,
                    coalesce(o.phone_number, c.phone_number) as phone_number,
                    max(greatest(o.delivered_at, o.read_at, o.failed_at)) as at
               from outbox o left join otp_codes c on c.id = o.otp_id
              where o.id = any({touched}) and coalesce(o.delivered_at, o.read_at) is not null
              group by 1, 2)
         update users u set unreachable_at = null
           from proof p
          where u.id = p.user_id and u.phone_number = p.phone_number
            and u.unreachable_at <= p.at"
    );
    txn.execute_raw(write).await?;
    Ok(())
}

/// Marks as unreachable the users who have the number of a message that could not be delivered,
/// unless that message arrived after all, or a later one did. Admins see it while the user has the
/// number.
async fn mark_unreachable(
    txn: &DatabaseTransaction,
    suspects: Vec<Uuid>,
) -> Result<(), StoreError> {
    let write = raw_sql!(
        Postgres,
        "with failure as (
             select coalesce(o.user_id, c.user_id) as user_id,
                    coalesce(o.phone_number, c.phone_number) as phone_number,
                    max(o.failed_at) as at
               from outbox o left join otp_codes c on c.id = o.otp_id
              where o.id = any({suspects}) and coalesce(o.delivered_at, o.read_at) is null
              group by 1, 2)
         update users u set unreachable_at = f.at
           from failure f
          where u.id = f.user_id and u.phone_number = f.phone_number
            and (u.unreachable_at is null or u.unreachable_at < f.at)
            and not exists (
                select 1 from outbox o left join otp_codes c on c.id = o.otp_id
                 where (o.user_id = u.id
                        or o.otp_id in (select it.id from otp_codes it where it.user_id = u.id))
                   and coalesce(o.phone_number, c.phone_number) = u.phone_number
                   and coalesce(o.delivered_at, o.read_at) is not null
                   and greatest(o.delivered_at, o.read_at, o.failed_at) >= f.at)"
    );
    txn.execute_raw(write).await?;
    Ok(())
}

fn error_code(report: &DeliveryReport) -> &str {
    report.failure.as_ref().map_or("", |failure| &failure.code)
}
