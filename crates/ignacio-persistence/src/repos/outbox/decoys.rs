//! Simulates the delivery of decoys, so that they look like codes of real users.

use sea_orm::{ConnectionTrait as _, raw_sql};

use super::Outbox;
use crate::error::StoreError;
use crate::leases::OUTBOX_LEASE;

impl Outbox<'_> {
    /// Gives due decoys the delivery that a real code had within the last 24 hours: the same one
    /// for the same number, as long as it is among the newest fifty, with a slight variation per
    /// challenge. Without such a code, a decoy is accepted after about 0.4 s; during an outage
    /// decoys fail too. One statement covers up to 1,000, so that decoys delay no code; returns
    /// their number.
    ///
    /// A code is attempted when a worker claims it, and accepted a moment later. A decoy is found
    /// only now, so it needs just that moment: the duration of the last attempt, and the backoff
    /// before it.
    #[tracing::instrument(name = "db.outbox.simulate_decoys", skip_all, err(level = "debug"))]
    pub async fn simulate_decoys(&self) -> Result<u64, StoreError> {
        let lease = OUTBOX_LEASE.as_secs_f64();
        let write = raw_sql!(
            Postgres,
            "with due as (
                 select o.id, c.budget_id
                   from outbox o join otp_codes c on c.id = o.otp_id
                  where o.state = 'queued' and o.next_attempt_at <= now() and c.user_id is null
                  order by o.next_attempt_at limit 1000 for update of o skip locked),
             real as (
                 select id,
                        least(sent_at - (lease_until - make_interval(secs => {lease}))
                            + (next_attempt_at - created_at), interval '60 seconds') as sending,
                        least(delivered_at, read_at) - sent_at as delivery
                   from outbox
                  where state = 'sent' and provider_message_id is not null and kind = 'code'
                    and sent_at between now() - interval '24 hours' and now() - interval '1 minute'
                  order by sent_at desc limit 50),
             story as (
                 select d.id, w.provider_outage is not null as is_fault,
                        now() + coalesce(r.sending, interval '0.4 seconds')
                            + (random() - 0.5) * interval '80 milliseconds' as sent_at,
                        r.delivery + (random() - 0.5) * interval '80 milliseconds' as delivery
                   from due d
                   cross join login_monitor w
                   left join lateral (
                       select real.sending, real.delivery from real
                        order by sha256(uuid_send(real.id) || uuid_send(d.budget_id)) limit 1) r
                       on true)
             update outbox o
                set state = case when s.is_fault then 'failed' else 'sent' end,
                    attempts = 1,
                    sent_at = case when not s.is_fault then s.sent_at end,
                    delivered_at = case when not s.is_fault then s.sent_at + s.delivery end,
                    failed_at = case when s.is_fault then now() end,
                    is_misconfigured = s.is_fault
               from story s where o.id = s.id"
        );
        Ok(self.auth.execute_raw(write).await?.rows_affected())
    }
}
