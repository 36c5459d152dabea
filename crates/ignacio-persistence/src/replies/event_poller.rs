//! Polls the event log for all streams of a process with one query at a time.

use std::time::Duration;

use ignacio_domain::ids::ResponseId;
use ignacio_domain::reply::NumberedEvent;
use ignacio_domain::session::SessionDigest;
use sea_orm::{DatabaseConnection, FromQueryResult, raw_sql};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use crate::error::StoreError;
use crate::replies::stored_event::LogRow;

/// How often readers of replies that run in other processes are polled for.
pub(crate) const EVENT_INTERVAL: Duration = Duration::from_millis(250);
/// How often the sessions of readers of local replies are checked: a stream ends within this time
/// of its session, plus the time of the query.
pub(crate) const SESSION_INTERVAL: Duration = Duration::from_millis(700);

/// One reader's request.
pub(crate) struct PollRequest {
    pub(crate) session: SessionDigest,
    pub(crate) response: ResponseId,
    /// The number of the last event that the reader has.
    pub(crate) after: i64,
    /// Whether to wait for a new event, or to answer immediately.
    pub(crate) wait: bool,
    pub(crate) result: oneshot::Sender<Result<PollResult, StoreError>>,
}

/// What a reader receives.
pub(crate) struct PollResult {
    /// The events in the log after the reader's last one.
    pub(crate) events: Vec<NumberedEvent>,
    /// Whether none will come after them.
    pub(crate) has_ended: bool,
}

/// Answers requests in batches. It ends when the last sender of `requests` is gone.
pub(crate) async fn serve(
    db: DatabaseConnection,
    mut requests: mpsc::UnboundedReceiver<PollRequest>,
    pause: Duration,
) {
    let mut waiting: Vec<PollRequest> = Vec::new();
    let mut next = Instant::now();
    loop {
        let mut batch = Vec::new();
        tokio::select! {
            first = requests.recv() => {
                let Some(first) = first else { return };
                batch.push(first);
                while let Ok(more) = requests.try_recv() {
                    batch.push(more);
                }
            }
            () = sleep_until(next), if !waiting.is_empty() => {
                batch.append(&mut waiting);
                next = Instant::now() + pause;
            }
        }
        // A disconnected reader has dropped its receiver.
        batch.retain(|request| !request.result.is_closed());
        if batch.is_empty() {
            continue;
        }
        if waiting.is_empty() {
            next = Instant::now() + pause;
        }
        waiting.extend(poll(&db, batch).await);
    }
}

#[derive(FromQueryResult)]
struct PolledRow {
    slot: i64,
    has_session: bool,
    has_response: bool,
    has_ended: bool,
    first_seq: Option<i64>,
    seq: Option<i64>,
    kind: Option<String>,
    payload: Option<serde_json::Value>,
}

/// Answers the requests that can be answered now, and returns those that keep waiting.
async fn poll(db: &DatabaseConnection, batch: Vec<PollRequest>) -> Vec<PollRequest> {
    let rows = match read(db, &batch).await {
        Ok(rows) => rows,
        Err(error) => {
            tracing::warn!(error = %error, n_readers = batch.len(), "the event log cannot be read");
            // The readers keep waiting until the database is back.
            return batch;
        }
    };
    let mut rows = rows.into_iter().peekable();
    let mut waiting = Vec::new();
    for (request, slot) in batch.into_iter().zip(1_i64..) {
        let mut own_rows = Vec::new();
        while let Some(row) = rows.next_if(|row| row.slot == slot) {
            own_rows.push(row);
        }
        match poll_result(&request, own_rows) {
            Ok(result) if result.events.is_empty() && !result.has_ended && request.wait => {
                waiting.push(request);
            }
            result => {
                let _ = request.result.send(result);
            }
        }
    }
    waiting
}

async fn read(
    db: &DatabaseConnection,
    batch: &[PollRequest],
) -> Result<Vec<PolledRow>, StoreError> {
    let digests: Vec<Vec<u8>> = batch.iter().map(|it| it.session.as_bytes().to_vec()).collect();
    let responses: Vec<Uuid> = batch.iter().map(|it| it.response.into_uuid()).collect();
    let after: Vec<i64> = batch.iter().map(|it| it.after).collect();
    let read = raw_sql!(
        Postgres,
        "select * from app.poll_response_events({digests}, {responses}, {after})"
    );
    Ok(PolledRow::find_by_statement(read).all(db).await?)
}

fn poll_result(request: &PollRequest, rows: Vec<PolledRow>) -> Result<PollResult, StoreError> {
    let mut events: Vec<NumberedEvent> = Vec::new();
    let has_ended = rows.iter().all(|row| row.has_ended);
    for row in rows {
        if !row.has_session {
            return Err(StoreError::Unauthenticated);
        }
        if !row.has_response {
            return Err(StoreError::NotFound);
        }
        let (Some(first_seq), Some(seq), Some(kind), Some(payload)) =
            (row.first_seq, row.seq, row.kind, row.payload)
        else {
            continue;
        };
        let row = LogRow::decode(first_seq, seq, &kind, &payload)?;
        let after = events.last().map_or(request.after, |it| it.seq);
        events.extend(row.into_event(request.response, after));
    }
    Ok(PollResult { events, has_ended })
}
