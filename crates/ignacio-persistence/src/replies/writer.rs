//! Writing a reply: its readers in this process see each event at once, the log gets them merged.

mod follow_ups;

use std::sync::Arc;
use std::time::Duration;

use ignacio_domain::citation::Citation;
use ignacio_domain::ids::{CitationId, WorkerId};
use ignacio_domain::message::MessageStatus;
use ignacio_domain::reply::{NumberedEvent, ReplyEvent};
use ignacio_domain::response::ReplyOutcome;
use ignacio_domain::usage::{Usage, UsageCost};
use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DatabaseTransaction, EntityTrait as _,
    FromQueryResult, Set, raw_sql,
};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

use crate::entities::{citations, response_events};
use crate::error::StoreError;
use crate::identity::assume_lease;
use crate::replies::batch_writer::{BATCH_LINGER, Durability, EventBatchWriter, writer_gone};
use crate::replies::hub::{ReplyChannel, ReplyHub};
use crate::replies::stored_event::{LogRow, pack};
use crate::repos::reply_jobs::ReplyJob;

use self::follow_ups::FollowUps;
pub use self::follow_ups::SummaryLimit;

/// The longest that an event waits until it is handed to the log, where it waits for others; and
/// how much text may wait.
const FLUSH_AFTER: Duration = Duration::from_millis(250).saturating_sub(BATCH_LINGER);
const FLUSH_BYTES: usize = 2048;

/// Where replies are written. Cheap to clone.
#[derive(Clone)]
pub struct ReplyPublisher {
    db: DatabaseConnection,
    worker: WorkerId,
    log: EventBatchWriter,
    live: ReplyHub,
}

/// A reply that this worker holds the lease on and writes.
pub struct ReplyWriter {
    db: DatabaseConnection,
    worker: WorkerId,
    log: EventBatchWriter,
    job: ReplyJob,
    live: Arc<ReplyChannel>,
    text: String,
    cited: Vec<Citation>,
    last_seq: i64,
    pending: Vec<NumberedEvent>,
    pending_bytes: usize,
    oldest_pending: Option<Instant>,
    follow_ups: FollowUps,
    flight: Option<Flight>,
}

/// Events on their way to the log.
struct Flight {
    events: Vec<NumberedEvent>,
    bytes: usize,
    since: Option<Instant>,
    has_first_text: bool,
    answer: oneshot::Receiver<Result<bool, StoreError>>,
}

#[derive(FromQueryResult)]
struct EventRow {
    first_seq: i64,
    seq: i64,
    kind: String,
    payload: serde_json::Value,
}

impl ReplyPublisher {
    pub(crate) fn new(db: DatabaseConnection, worker: WorkerId, live: ReplyHub) -> Self {
        let log = EventBatchWriter::new(&db, worker);
        Self { db, worker, log, live }
    }

    pub(crate) fn set_hub(&mut self, live: ReplyHub) {
        self.live = live;
    }

    /// Opens a reply for writing. A reply that another worker began goes on where the log ends; a
    /// new one begins with [`ReplyEvent::Created`]. `None` when the lease is lost.
    pub async fn open(&self, job: &ReplyJob) -> Result<Option<ReplyWriter>, StoreError> {
        if job.is_first_lease() { Ok(Some(self.begin(job, &[]))) } else { self.reopen(job).await }
    }

    /// Opens a reply once more under the same lease, where the log ends. `None` when the lease is
    /// lost.
    #[tracing::instrument(name = "db.replies.reopen", skip_all, err(level = "debug"))]
    pub async fn reopen(&self, job: &ReplyJob) -> Result<Option<ReplyWriter>, StoreError> {
        let Some(txn) = assume_lease(&self.db, job.id.into_uuid(), self.worker, job.epoch).await?
        else {
            return Ok(None);
        };
        let id = job.id.into_uuid();
        let read = raw_sql!(
            Postgres,
            "select first_seq, seq, kind, payload from response_events
              where response_id = {id} order by seq"
        );
        let mut events: Vec<NumberedEvent> = Vec::new();
        for row in EventRow::find_by_statement(read).all(&txn).await? {
            let row = LogRow::decode(row.first_seq, row.seq, &row.kind, &row.payload)?;
            let after = events.last().map_or(0, |it| it.seq);
            events.extend(row.into_event(job.id, after));
        }
        txn.commit().await?;
        Ok(Some(self.begin(job, &events)))
    }

    fn begin(&self, job: &ReplyJob, events: &[NumberedEvent]) -> ReplyWriter {
        let (mut text, mut cited) = (String::new(), Vec::new());
        for event in events {
            match &event.event {
                ReplyEvent::Delta(more) => text.push_str(more),
                ReplyEvent::Cited(citation) => cited.push(citation.clone()),
                _ => {}
            }
        }
        let last_seq = events.last().map_or(0, |it| it.seq);
        let live = self.live.channel(job.id);
        live.change(|state| {
            state.is_written_here = true;
            state.events = events.iter().collect();
        });
        let follow_ups = FollowUps::of(&text);
        let mut reply = ReplyWriter {
            db: self.db.clone(),
            worker: self.worker,
            log: self.log.clone(),
            job: job.clone(),
            live,
            text,
            cited,
            last_seq,
            pending: Vec::new(),
            pending_bytes: 0,
            oldest_pending: None,
            follow_ups,
            flight: None,
        };
        if last_seq == 0 {
            reply.push(ReplyEvent::Created { response: job.id, message: job.message });
        }
        reply
    }
}

impl ReplyWriter {
    /// The text so far, also what an earlier worker wrote.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether this was told already, maybe by an earlier worker.
    pub fn has_event(&self, event: &ReplyEvent) -> bool {
        self.live.subscribe().borrow().events.after(0).any(|it| it.event == *event)
    }

    /// Numbers an event and shows it to the readers in this process.
    pub fn push(&mut self, event: ReplyEvent) {
        match &event {
            ReplyEvent::Delta(text) => {
                self.follow_ups.first_text.get_or_insert_with(Instant::now);
                self.text.push_str(text);
                self.pending_bytes += text.len();
            }
            ReplyEvent::Cited(citation) => self.cited.push(citation.clone()),
            _ => {}
        }
        self.last_seq += 1;
        let event = NumberedEvent { seq: self.last_seq, event };
        self.live.change(|state| state.events.push(&event));
        self.pending.push(event);
        self.oldest_pending.get_or_insert_with(Instant::now);
    }

    /// Whether what is pending has waited long enough, or is enough.
    pub fn is_due(&self) -> bool {
        self.pending_bytes >= FLUSH_BYTES
            || self.oldest_pending.is_some_and(|since| since.elapsed() >= FLUSH_AFTER)
    }

    /// Resolves when a flush is due; never while nothing is pending.
    pub async fn due(&self) {
        match self.oldest_pending {
            Some(since) if self.pending_bytes < FLUSH_BYTES => {
                sleep_until(since + FLUSH_AFTER).await;
            }
            Some(_) => {}
            None => std::future::pending().await,
        }
    }

    /// Writes what is pending to the log, and the provider's id and event number when given, under
    /// the lease. False when the lease is lost: then stop.
    pub async fn flush(&mut self, upstream: Option<(&str, i64)>) -> Result<bool, StoreError> {
        if self.is_flushing() && !self.finish_flush().await? {
            return Ok(false);
        }
        self.submit(Durability::Immediate, upstream)?;
        self.finish_flush().await
    }

    /// Begins what [`ReplyWriter::flush`] does, so that the reply goes on meanwhile; the log may wait
    /// for that of other replies. To be followed by [`ReplyWriter::finish_flush`]; nothing is begun while
    /// something is under way.
    pub fn start_flush(&mut self, upstream: Option<(&str, i64)>) -> Result<(), StoreError> {
        self.submit(Durability::Batched, upstream)
    }

    fn submit(
        &mut self,
        durability: Durability,
        upstream: Option<(&str, i64)>,
    ) -> Result<(), StoreError> {
        if self.is_flushing() {
            return Ok(());
        }
        let first_text_age = self.first_text_age();
        let answer =
            self.log.write(durability, &self.job, &self.pending, upstream, first_text_age)?;
        let events = std::mem::take(&mut self.pending);
        let (bytes, since) = (self.pending_bytes, self.oldest_pending);
        self.flight =
            Some(Flight { events, bytes, since, has_first_text: first_text_age.is_some(), answer });
        self.clear_pending();
        Ok(())
    }

    /// Whether a flush is under way.
    pub const fn is_flushing(&self) -> bool {
        self.flight.is_some()
    }

    /// Waits for the flush that was begun, and says what became of it; what could not be written is
    /// pending again. True when none is under way. It may be dropped and called again.
    pub async fn finish_flush(&mut self) -> Result<bool, StoreError> {
        let Some(flight) = &mut self.flight else { return Ok(true) };
        let written = (&mut flight.answer).await.unwrap_or_else(|_gone| Err(writer_gone()));
        let Some(flight) = self.flight.take() else { return written };
        if written.is_err() {
            self.pending.splice(0..0, flight.events);
            self.pending_bytes += flight.bytes;
            self.oldest_pending = flight.since;
        } else if flight.has_first_text {
            self.mark_first_text_recorded();
        }
        written
    }

    /// Ends the reply in one transaction under the lease: what is pending, the end itself, the
    /// message's text and status, the citations that were pushed, what it cost and the state, and the
    /// chores that it gives reason to. False when the lease is lost. After an error it may be called
    /// again.
    #[tracing::instrument(name = "db.replies.end", skip_all, err(level = "debug"))]
    pub async fn end(
        &mut self,
        outcome: ReplyOutcome,
        spent: UsageCost,
    ) -> Result<bool, StoreError> {
        // What is under way may arrive or not, but not after the end. What did not is in the end.
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
        self.log(&txn, &last).await?;
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
        self.live.change(|state| state.events.push(&end));
        Ok(true)
    }

    async fn log(
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
                ..Default::default()
            });
        }
        // A commit whose answer was lost has written them already.
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
            file_id: Set(it.file.map(ignacio_domain::ids::FileId::into_uuid)),
            file_name: Set(it.file_name),
            quote: Set(it.quote),
            position: Set(it.position),
            ..Default::default()
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
        // Somebody may have taken it over since this transaction began.
        Ok(txn.execute_raw(write).await?.rows_affected() == 1)
    }

    /// Puts what it cost in place of what was reserved.
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

    fn clear_pending(&mut self) {
        self.pending.clear();
        self.pending_bytes = 0;
        self.oldest_pending = None;
    }
}

impl Drop for ReplyWriter {
    fn drop(&mut self) {
        // From here on the log is what counts.
        self.live.change(|state| state.is_written_here = false);
    }
}
