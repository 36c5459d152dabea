//! The end of a reply: one transaction under its lease.

use ignacio_domain::ids::{CitationId, FileId};
use ignacio_domain::message::MessageStatus;
use ignacio_domain::reply::{NumberedEvent, ReplyEvent};
use ignacio_domain::response::ReplyOutcome;
use ignacio_domain::usage::{Usage, UsageCost};
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, EntityTrait as _, Set, raw_sql};

use super::ReplyWriter;
use crate::entities::{citations, response_events};
use crate::error::StoreError;
use crate::identity::assume_lease;
use crate::replies::stored_event::pack;

impl ReplyWriter {
    /// Ends the reply in one transaction under the lease: follow-up jobs, pending events and the end
    /// itself, the message's text and status, the citations, the usage, and the state. False when
    /// the lease is lost. After an error it may be called again.
    #[tracing::instrument(name = "db.replies.end", skip_all, err(level = "debug"))]
    pub async fn end(
        &mut self,
        outcome: ReplyOutcome,
        spent: UsageCost,
    ) -> Result<bool, StoreError> {
        // A flush in progress must not arrive after the end; if it lost events, they are written
        // here.
        if matches!(self.finish_flush().await, Ok(false)) {
            return Ok(false);
        }
        let Some(txn) =
            assume_lease(&self.db, self.job.id.into_uuid(), self.worker, self.job.epoch).await?
        else {
            return Ok(false);
        };
        self.enqueue_follow_ups(&txn).await?;
        // Readers see the end only once it is durable.
        let end =
            NumberedEvent { seq: self.last_seq + 1, event: ReplyEvent::Ended(outcome.clone()) };
        let mut last = self.pending.clone();
        last.push(end.clone());
        self.store_events(&txn, &last).await?;
        self.store_message(&txn, &outcome).await?;
        self.store_citations(&txn).await?;
        self.settle_usage(&txn, spent).await?;
        // Last, because it ends the lease, and with it the right to write.
        if !self.store_state(&txn, &outcome, spent).await? {
            return Ok(false);
        }
        txn.commit().await?;
        self.clear_pending();
        self.mark_end_recorded();
        self.channel.change(|state| state.events.push(&end));
        Ok(true)
    }

    async fn store_events(
        &self,
        txn: &DatabaseTransaction,
        events: &[NumberedEvent],
    ) -> Result<(), StoreError> {
        if events.is_empty() {
            return Ok(());
        }
        let mut rows = Vec::new();
        for row in pack(events) {
            let (kind, payload) = row.encode()?;
            rows.push(response_events::ActiveModel {
                response_id: Set(self.job.id.into_uuid()),
                user_id: Set(self.job.owner.into_uuid()),
                first_seq: Set(row.first_seq),
                seq: Set(row.seq),
                kind: Set(kind),
                payload: Set(payload),
            });
        }
        // A commit whose confirmation was lost has written them already.
        response_events::Entity::insert_many(rows)
            .on_conflict_do_nothing()
            .exec_without_returning(txn)
            .await?;
        Ok(())
    }

    async fn store_message(
        &self,
        txn: &DatabaseTransaction,
        outcome: &ReplyOutcome,
    ) -> Result<(), StoreError> {
        let status = match outcome {
            ReplyOutcome::Completed => MessageStatus::Complete,
            ReplyOutcome::Incomplete { .. } => MessageStatus::Incomplete,
            ReplyOutcome::Cancelled => MessageStatus::Cancelled,
            ReplyOutcome::Failed(_) => MessageStatus::Failed,
        };
        let (user, id) = (self.job.owner.into_uuid(), self.job.message.into_uuid());
        let (text, status) = (self.text.clone(), status.as_str());
        let write = raw_sql!(
            Postgres,
            "update messages set content = {text}, status = {status}
              where user_id = {user} and id = {id}"
        );
        txn.execute_raw(write).await?;
        Ok(())
    }

    async fn store_citations(&self, txn: &DatabaseTransaction) -> Result<(), StoreError> {
        if self.cited.is_empty() {
            return Ok(());
        }
        let rows = self.cited.iter().cloned().map(|it| citations::ActiveModel {
            id: Set(CitationId::new().into_uuid()),
            message_id: Set(self.job.message.into_uuid()),
            user_id: Set(self.job.owner.into_uuid()),
            file_id: Set(it.file.map(FileId::into_uuid)),
            file_name: Set(it.file_name),
            quote: Set(it.quote),
            position: Set(it.position),
        });
        citations::Entity::insert_many(rows).exec_without_returning(txn).await?;
        Ok(())
    }

    async fn store_state(
        &self,
        txn: &DatabaseTransaction,
        outcome: &ReplyOutcome,
        spent: UsageCost,
    ) -> Result<bool, StoreError> {
        let (id, epoch) = (self.job.id.into_uuid(), self.job.epoch);
        let state = outcome.state().as_str();
        let (failure, reason) = match outcome {
            ReplyOutcome::Failed(failure) => (Some(failure.as_str()), None),
            ReplyOutcome::Incomplete { reason } => (None, Some(reason.clone())),
            ReplyOutcome::Completed | ReplyOutcome::Cancelled => (None, None),
        };
        let (usage, cost_micro_usd) = match spent {
            UsageCost::Known { usage, cost_micro_usd } => (Some(usage), Some(cost_micro_usd)),
            UsageCost::Unknown | UsageCost::Nothing => (None, None),
        };
        let (input, cached) = (usage.map(|it| it.input), usage.map(|it| it.cached));
        let (output, reasoning) = (usage.map(|it| it.output), usage.map(|it| it.reasoning));
        let write = raw_sql!(
            Postgres,
            "update responses
                set state = {state}, failure = {failure}, incomplete_reason = {reason},
                    input_tokens = {input}, cached_tokens = {cached}, output_tokens = {output},
                    reasoning_tokens = {reasoning}, cost_micro = {cost_micro_usd}, finished_at = now(), lease_until = null
              where id = {id} and lease_epoch = {epoch}"
        );
        // Another worker may have claimed it since this transaction began.
        Ok(txn.execute_raw(write).await?.rows_affected() == 1)
    }

    /// Replaces the reserved cost with the actual one.
    async fn settle_usage(
        &self,
        txn: &DatabaseTransaction,
        spent: UsageCost,
    ) -> Result<(), StoreError> {
        let id = self.job.id.into_uuid();
        let (usage, cost_micro_usd) = match spent {
            UsageCost::Known { usage, cost_micro_usd } => (usage, cost_micro_usd),
            UsageCost::Nothing => (Usage::default(), 0),
            UsageCost::Unknown => {
                let write = raw_sql!(
                    Postgres,
                    "update usage_records
                        set state = 'estimated', cost_micro = reserved_micro, settled_at = now()
                      where id = {id}"
                );
                txn.execute_raw(write).await?;
                return Ok(());
            }
        };
        let Usage { input, cached, output, reasoning } = usage;
        let write = raw_sql!(
            Postgres,
            "update usage_records
                set state = 'settled', input_tokens = {input}, cached_tokens = {cached},
                    output_tokens = {output}, reasoning_tokens = {reasoning},
                    cost_micro = {cost_micro_usd}, settled_at = now()
              where id = {id}"
        );
        txn.execute_raw(write).await?;
        Ok(())
    }
}
