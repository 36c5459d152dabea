//! Writing the log of all replies of a process with one statement at a time: what is pending while
//! one is under way goes with the next.

use ignacio_domain::ids::{ResponseId, WorkerId};
use ignacio_domain::reply::NumberedEvent;
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbErr, raw_sql};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use crate::error::StoreError;
use crate::events::pack;
use crate::repos::reply_jobs::ReplyJob;

/// The most replies that one statement writes, so that none of them waits long for the others.
const MOST: usize = 128;

/// Takes what is pending. Cheap to clone; it ends with the last of its clones.
#[derive(Clone)]
pub(crate) struct LogWriter {
    entries: mpsc::UnboundedSender<Entry>,
}

/// What one reply has for the log.
struct Entry {
    response: ResponseId,
    epoch: i64,
    upstream: Option<(String, i64)>,
    /// How long ago the first text came, in seconds, when that is not noted yet.
    first_text_age: Option<f64>,
    rows: Vec<Row>,
    answer: oneshot::Sender<Result<bool, StoreError>>,
}

struct Row {
    first_seq: i64,
    seq: i64,
    kind: String,
    payload: String,
}

impl LogWriter {
    pub(crate) fn new(db: DatabaseConnection, worker: WorkerId) -> Self {
        let (entries, receiver) = mpsc::unbounded_channel();
        #[expect(clippy::disallowed_methods, reason = "it ends with the last writer")]
        tokio::spawn(serve(db, worker, receiver));
        Self { entries }
    }

    /// Writes a reply's events, and the provider's id and event number when given, under its lease;
    /// with the first text it notes how long ago that came, in seconds, and asks for a title.
    /// The answer is false when the lease is lost.
    pub(crate) fn write(
        &self,
        job: &ReplyJob,
        events: &[NumberedEvent],
        upstream: Option<(&str, i64)>,
        first_text_age: Option<f64>,
    ) -> Result<oneshot::Receiver<Result<bool, StoreError>>, StoreError> {
        let (answer, answered) = oneshot::channel();
        let mut rows = Vec::new();
        for row in pack(events) {
            let (kind, payload) = row.encode()?;
            let (first_seq, seq, payload) = (row.first_seq, row.seq, payload.to_string());
            rows.push(Row { first_seq, seq, kind, payload });
        }
        let upstream = upstream.map(|(id, cursor)| (id.to_owned(), cursor));
        let entry =
            Entry { response: job.id, epoch: job.epoch, upstream, first_text_age, rows, answer };
        self.entries.send(entry).ok().ok_or_else(writer_gone)?;
        Ok(answered)
    }
}

/// A writer that is gone has written nothing.
pub(crate) fn writer_gone() -> StoreError {
    StoreError::Failed(DbErr::Custom("the log's writer is gone".to_owned()))
}

/// Writes in batches. It ends when the last sender of `entries` is gone.
async fn serve(
    db: DatabaseConnection,
    worker: WorkerId,
    mut entries: mpsc::UnboundedReceiver<Entry>,
) {
    let mut batch = Vec::new();
    while entries.recv_many(&mut batch, MOST).await > 0 {
        write(&db, worker, std::mem::take(&mut batch)).await;
    }
}

async fn write(db: &DatabaseConnection, worker: WorkerId, batch: Vec<Entry>) {
    match call(db, worker, &batch).await {
        Ok(held) => {
            for (entry, held) in batch.into_iter().zip(held) {
                answer(entry, Ok(held));
            }
        }
        Err(StoreError::Unavailable(error)) => {
            for entry in batch {
                let error = DbErr::Custom(error.to_string());
                answer(entry, Err(StoreError::Unavailable(error)));
            }
        }
        // One that cannot be written must not take the others with it.
        Err(error) => {
            tracing::debug!(%error, n_replies = batch.len(), "each reply is written by itself");
            for entry in batch {
                let written = call(db, worker, std::slice::from_ref(&entry)).await;
                let held = written.map(|held| held.first().copied().unwrap_or(false));
                answer(entry, held);
            }
        }
    }
}

fn answer(entry: Entry, written: Result<bool, StoreError>) {
    // Who waited for it may be gone: the log has it either way.
    let _ = entry.answer.send(written);
}

/// Whether each reply's lease is held; what is not held is not written.
#[tracing::instrument(name = "db.replies.log", skip_all, err(level = "debug"))]
async fn call(
    db: &DatabaseConnection,
    worker: WorkerId,
    batch: &[Entry],
) -> Result<Vec<bool>, StoreError> {
    let worker = worker.into_uuid();
    let responses: Vec<Uuid> = batch.iter().map(|it| it.response.into_uuid()).collect();
    let epochs: Vec<i64> = batch.iter().map(|it| it.epoch).collect();
    let upstream = || batch.iter().map(|it| it.upstream.as_ref());
    let ids: Vec<String> =
        upstream().map(|it| it.map(|it| it.0.clone()).unwrap_or_default()).collect();
    let cursors: Vec<i64> = upstream().map(|it| it.map_or(0, |it| it.1)).collect();
    let ages: Vec<f64> = batch.iter().map(|it| it.first_text_age.unwrap_or(-1.0)).collect();
    let n_rows: Vec<i32> =
        batch.iter().map(|it| i32::try_from(it.rows.len()).unwrap_or(i32::MAX)).collect();
    let rows = || batch.iter().flat_map(|it| &it.rows);
    let first_seqs: Vec<i64> = rows().map(|it| it.first_seq).collect();
    let seqs: Vec<i64> = rows().map(|it| it.seq).collect();
    let kinds: Vec<String> = rows().map(|it| it.kind.clone()).collect();
    let payloads: Vec<String> = rows().map(|it| it.payload.clone()).collect();
    let write = raw_sql!(
        Postgres,
        "select app.log_replies({worker}, {responses}, {epochs}, {ids}, {cursors}, {ages}, {n_rows},
                                {first_seqs}, {seqs}, {kinds}, {payloads}) as held"
    );
    match db.query_one_raw(write).await? {
        Some(row) => Ok(row.try_get("", "held")?),
        None => Err(writer_gone()),
    }
}
