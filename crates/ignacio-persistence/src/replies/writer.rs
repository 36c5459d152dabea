//! Writes a reply: readers in this process see each event immediately, the log receives them
//! merged.

mod end;
mod follow_ups;

use std::sync::Arc;
use std::time::Duration;

use ignacio_domain::citation::Citation;
use ignacio_domain::ids::WorkerId;
use ignacio_domain::reply::{NumberedEvent, ReplyEvent};
use sea_orm::DatabaseConnection;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

use self::follow_ups::FollowUps;
pub use self::follow_ups::SummaryLimit;
use super::batch_writer::{BATCH_LINGER, Durability, EventBatchWriter, writer_gone};
use super::hub::ReplyChannel;
use crate::error::StoreError;
use crate::repos::reply_jobs::ReplyJob;

/// The longest that an event waits before it is handed to the batch writer; and how much text may
/// wait.
const FLUSH_AFTER: Duration = Duration::from_millis(250).saturating_sub(BATCH_LINGER);
const FLUSH_BYTES: usize = 2048;

/// A reply that this worker holds a lease on and writes.
pub struct ReplyWriter {
    db: DatabaseConnection,
    worker: WorkerId,
    batches: EventBatchWriter,
    job: ReplyJob,
    channel: Arc<ReplyChannel>,
    text: String,
    cited: Vec<Citation>,
    last_seq: i64,
    pending: Vec<NumberedEvent>,
    pending_bytes: usize,
    oldest_pending: Option<Instant>,
    follow_ups: FollowUps,
    flush: Option<Flush>,
}

/// Events on their way to the log.
struct Flush {
    events: Vec<NumberedEvent>,
    bytes: usize,
    since: Option<Instant>,
    has_first_text: bool,
    result: oneshot::Receiver<Result<bool, StoreError>>,
}

impl ReplyWriter {
    /// Continues a reply after these events; a new one begins with [`ReplyEvent::Created`].
    pub(super) fn new(
        db: DatabaseConnection,
        worker: WorkerId,
        batches: EventBatchWriter,
        job: &ReplyJob,
        channel: Arc<ReplyChannel>,
        events: &[NumberedEvent],
    ) -> Self {
        let (mut text, mut cited) = (String::new(), Vec::new());
        for event in events {
            match &event.event {
                ReplyEvent::Delta(more) => text.push_str(more),
                ReplyEvent::Cited(citation) => cited.push(citation.clone()),
                _ => {}
            }
        }
        channel.change(|state| {
            state.is_written_here = true;
            state.events = events.iter().collect();
        });
        let follow_ups = FollowUps::of(&text);
        let mut writer = Self {
            db,
            worker,
            batches,
            job: job.clone(),
            channel,
            text,
            cited,
            last_seq: events.last().map_or(0, |it| it.seq),
            pending: Vec::new(),
            pending_bytes: 0,
            oldest_pending: None,
            follow_ups,
            flush: None,
        };
        if events.is_empty() {
            writer.push(ReplyEvent::Created { response: job.id, message: job.message });
        }
        writer
    }

    /// The text so far, including what an earlier worker wrote.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the reply already has this event, perhaps from an earlier worker.
    pub fn has_event(&self, event: &ReplyEvent) -> bool {
        self.channel.subscribe().borrow().events.after(0).any(|it| it.event == *event)
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
        self.channel.change(|state| state.events.push(&event));
        self.pending.push(event);
        self.oldest_pending.get_or_insert_with(Instant::now);
    }

    /// Whether what is pending has waited long enough, or is large enough.
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

    /// Starts what [`ReplyWriter::flush`] does, so that the reply continues meanwhile; the events
    /// may be batched with those of other replies. [`ReplyWriter::finish_flush`] must follow; while
    /// a flush is in progress, this does nothing.
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
        let result =
            self.batches.write(durability, &self.job, &self.pending, upstream, first_text_age)?;
        let events = std::mem::take(&mut self.pending);
        let (bytes, since) = (self.pending_bytes, self.oldest_pending);
        self.flush =
            Some(Flush { events, bytes, since, has_first_text: first_text_age.is_some(), result });
        self.clear_pending();
        Ok(())
    }

    /// Whether a flush is in progress.
    pub const fn is_flushing(&self) -> bool {
        self.flush.is_some()
    }

    /// Waits for the flush that was started; what could not be written is pending again. False when
    /// the lease is lost, true when no flush is in progress. Cancel safe.
    pub async fn finish_flush(&mut self) -> Result<bool, StoreError> {
        let Some(flush) = &mut self.flush else { return Ok(true) };
        let written = (&mut flush.result).await.unwrap_or_else(|_gone| Err(writer_gone()));
        let Some(flush) = self.flush.take() else { return written };
        if written.is_err() {
            self.pending.splice(0..0, flush.events);
            self.pending_bytes += flush.bytes;
            self.oldest_pending = flush.since;
        } else if flush.has_first_text {
            self.mark_first_text_recorded();
        }
        written
    }

    fn clear_pending(&mut self) {
        self.pending.clear();
        self.pending_bytes = 0;
        self.oldest_pending = None;
    }
}

impl Drop for ReplyWriter {
    fn drop(&mut self) {
        // From here on readers follow the log.
        self.channel.change(|state| state.is_written_here = false);
    }
}
