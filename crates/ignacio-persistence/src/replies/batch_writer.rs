//! Writes the events of all replies of a process, many per statement. Text lingers for a moment;
//! what a reply waits for is written immediately, on a separate path.

use std::time::Duration;

use ignacio_domain::ids::{ResponseId, WorkerId};
use ignacio_domain::reply::NumberedEvent;
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbErr, raw_sql};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use crate::error::StoreError;
use crate::replies::stored_event::pack;
use crate::repos::reply_jobs::ReplyJob;

/// The most replies that one statement writes, so that none of them waits long for the others.
const MAX_BATCH: usize = 128;

/// How long text waits for that of other replies. The fixed cost of a statement is then paid at
/// most 40 times a second, or once for every [`MAX_BATCH`] replies.
pub(crate) const BATCH_LINGER: Duration = Duration::from_millis(25);

/// Accepts events to write. Cheap to clone; its tasks end with the last clone.
#[derive(Clone)]
pub(crate) struct EventBatchWriter {
    batched: mpsc::UnboundedSender<Entry>,
    immediate: mpsc::UnboundedSender<Entry>,
}

/// When events are written, and whether they are on disk when confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// Together with the events of other replies.
    Batched,
    /// Without lingering, and on disk.
    Immediate,
}

impl Durability {
    const fn linger(self) -> Duration {
        match self {
            Self::Batched => BATCH_LINGER,
            Self::Immediate => Duration::ZERO,
        }
    }
}

/// What one reply adds to the log.
struct Entry {
    response: ResponseId,
    epoch: i64,
    upstream: Option<(String, i64)>,
    /// How long ago the first text came, in seconds, if that is not recorded yet.
    first_text_age: Option<f64>,
    rows: Vec<Row>,
    result: oneshot::Sender<Result<bool, StoreError>>,
}

struct Row {
    first_seq: i64,
    seq: i64,
    kind: String,
    payload: String,
}

impl EventBatchWriter {
    pub(crate) fn new(db: &DatabaseConnection, worker: WorkerId) -> Self {
        let (batched, batch_receiver) = mpsc::unbounded_channel();
        let (immediate, immediate_receiver) = mpsc::unbounded_channel();
        #[expect(clippy::disallowed_methods, reason = "its tasks end with the last clone")]
        for (durability, entries) in
            [(Durability::Batched, batch_receiver), (Durability::Immediate, immediate_receiver)]
        {
            tokio::spawn(serve(db.clone(), worker, durability, entries));
        }
        Self { batched, immediate }
    }

    /// Writes a reply's events, and the provider's id and event number when given, under its lease;
    /// with the first text it records how long ago that came, in seconds, and enqueues a title. The
    /// receiver gets false when the lease is lost.
    pub(crate) fn write(
        &self,
        durability: Durability,
        job: &ReplyJob,
        events: &[NumberedEvent],
        upstream: Option<(&str, i64)>,
        first_text_age: Option<f64>,
    ) -> Result<oneshot::Receiver<Result<bool, StoreError>>, StoreError> {
        let (result, receiver) = oneshot::channel();
        let mut rows = Vec::new();
        for row in pack(events) {
            let (kind, payload) = row.encode()?;
            let (first_seq, seq, payload) = (row.first_seq, row.seq, payload.to_string());
            rows.push(Row { first_seq, seq, kind, payload });
        }
        let upstream = upstream.map(|(id, cursor)| (id.to_owned(), cursor));
        let entry =
            Entry { response: job.id, epoch: job.epoch, upstream, first_text_age, rows, result };
        let entries =
            if durability == Durability::Batched { &self.batched } else { &self.immediate };
        entries.send(entry).ok().ok_or_else(writer_gone)?;
        Ok(receiver)
    }
}

/// The error when the writer's task has ended: nothing was written.
pub(crate) fn writer_gone() -> StoreError {
    StoreError::Failed(DbErr::Custom("the writer of the event log has stopped".to_owned()))
}

/// Writes in batches. It ends when the last sender of `entries` is gone.
async fn serve(
    db: DatabaseConnection,
    worker: WorkerId,
    durability: Durability,
    mut entries: mpsc::UnboundedReceiver<Entry>,
) {
    let mut batch = Vec::new();
    while entries.recv_many(&mut batch, MAX_BATCH).await > 0 {
        let end = Instant::now() + durability.linger();
        while batch.len() < MAX_BATCH
            && let Ok(Some(entry)) = timeout_at(end, entries.recv()).await
        {
            batch.push(entry);
        }
        write(&db, worker, durability, std::mem::take(&mut batch)).await;
    }
}

async fn write(
    db: &DatabaseConnection,
    worker: WorkerId,
    durability: Durability,
    batch: Vec<Entry>,
) {
    match write_events(db, worker, durability, &batch).await {
        Ok(held) => {
            for (entry, held) in batch.into_iter().zip(held) {
                report(entry, Ok(held));
            }
        }
        Err(StoreError::Unavailable(error)) => {
            for entry in batch {
                let error = DbErr::Custom(error.to_string());
                report(entry, Err(StoreError::Unavailable(error)));
            }
        }
        // One reply that cannot be written must not fail the others.
        Err(error) => {
            tracing::debug!(%error, n_replies = batch.len(), "batch failed; replies are written one by one");
            for entry in batch {
                let written =
                    write_events(db, worker, durability, std::slice::from_ref(&entry)).await;
                let held = written.map(|held| held.first().copied().unwrap_or(false));
                report(entry, held);
            }
        }
    }
}

fn report(entry: Entry, written: Result<bool, StoreError>) {
    // The reply may have been dropped; the log has the events either way.
    let _ = entry.result.send(written);
}

/// Whether each reply's lease is held; events of lost leases are not written.
#[tracing::instrument(name = "db.replies.log", skip_all, err(level = "debug"))]
async fn write_events(
    db: &DatabaseConnection,
    worker: WorkerId,
    durability: Durability,
    batch: &[Entry],
) -> Result<Vec<bool>, StoreError> {
    let (worker, is_durable) = (worker.into_uuid(), durability == Durability::Immediate);
    let responses: Vec<Uuid> = batch.iter().map(|it| it.response.into_uuid()).collect();
    let epochs: Vec<i64> = batch.iter().map(|it| it.epoch).collect();
    let upstream = || batch.iter().map(|it| it.upstream.as_ref());
    let ids: Vec<String> =
        upstream().map(|it| it.map(|it| it.0.clone()).unwrap_or_default()).collect();
    let cursors: Vec<i64> = upstream().map(|it| it.map_or(0, |it| it.1)).collect();
    let ages: Vec<f64> = batch.iter().map(|it| it.first_text_age.unwrap_or(-1.0)).collect();
    let rows = || batch.iter().flat_map(|it| &it.rows);
    let places = (1_i32..).zip(batch).flat_map(|(place, it)| it.rows.iter().map(move |_| place));
    let places: Vec<i32> = places.collect();
    let first_seqs: Vec<i64> = rows().map(|it| it.first_seq).collect();
    let seqs: Vec<i64> = rows().map(|it| it.seq).collect();
    let kinds: Vec<String> = rows().map(|it| it.kind.clone()).collect();
    let payloads: Vec<String> = rows().map(|it| it.payload.clone()).collect();
    let write = raw_sql!(
        Postgres,
        "select app.append_response_events({worker}, {is_durable}, {responses}, {epochs}, {ids}, {cursors},
                                {ages}, {places}, {first_seqs}, {seqs}, {kinds}, {payloads}) as held"
    );
    match db.query_one_raw(write).await? {
        Some(row) => Ok(row.try_get("", "held")?),
        None => Err(writer_gone()),
    }
}
