//! Opens replies for writing: new ones, and those that another worker began.

use ignacio_domain::ids::WorkerId;
use ignacio_domain::reply::NumberedEvent;
use sea_orm::{DatabaseConnection, FromQueryResult, raw_sql};

use super::batch_writer::EventBatchWriter;
use super::hub::ReplyHub;
use super::stored_event::LogRow;
use super::writer::ReplyWriter;
use crate::error::StoreError;
use crate::identity::assume_lease;
use crate::repos::reply_jobs::ReplyJob;

/// Where replies are written. Cheap to clone.
#[derive(Clone)]
pub struct ReplyPublisher {
    db: DatabaseConnection,
    worker: WorkerId,
    batches: EventBatchWriter,
    hub: ReplyHub,
}

#[derive(FromQueryResult)]
struct EventRow {
    first_seq: i64,
    seq: i64,
    kind: String,
    payload: serde_json::Value,
}

impl ReplyPublisher {
    pub(crate) fn new(db: DatabaseConnection, worker: WorkerId, hub: ReplyHub) -> Self {
        let batches = EventBatchWriter::new(&db, worker);
        Self { db, worker, batches, hub }
    }

    pub(crate) fn set_hub(&mut self, hub: ReplyHub) {
        self.hub = hub;
    }

    /// Opens a reply for writing. A reply that another worker began continues where the log ends; a
    /// new one begins with `ReplyEvent::Created`. `None` when the lease is lost.
    pub async fn open(&self, job: &ReplyJob) -> Result<Option<ReplyWriter>, StoreError> {
        if job.is_first_lease() { Ok(Some(self.start(job, &[]))) } else { self.reopen(job).await }
    }

    /// Opens a reply again under the same lease, where the log ends. `None` when the lease is lost.
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
        Ok(Some(self.start(job, &events)))
    }

    fn start(&self, job: &ReplyJob, events: &[NumberedEvent]) -> ReplyWriter {
        let channel = self.hub.channel(job.id);
        ReplyWriter::new(self.db.clone(), self.worker, self.batches.clone(), job, channel, events)
    }
}
