//! Received webhooks, until their reports are recorded.

mod delivery_reports;

use ignacio_domain::delivery::WebhookContent;
use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DatabaseTransaction, FromQueryResult,
    TransactionTrait as _, raw_sql,
};
use time::OffsetDateTime;
use uuid::Uuid;

pub use self::delivery_reports::DeliveryUpdate;
use crate::error::StoreError;

/// A report may overtake the response that names its message. It is retried for this long, in
/// minutes, before it counts as one about a message of another sender.
const PATIENCE: i32 = 10;
/// The error recorded for such a report.
const UNKNOWN_MESSAGE: &str = "unknown_message";

/// The inbox, with the role that may see it.
pub struct Inbox<'d> {
    auth: &'d DatabaseConnection,
}

/// Webhooks that no other worker processes; dropping the batch releases them unchanged.
pub struct InboxBatch {
    txn: DatabaseTransaction,
    webhooks: Vec<Webhook>,
}

/// A webhook. Its body contains phone numbers.
#[derive(FromQueryResult)]
pub struct Webhook {
    id: Uuid,
    /// The received bytes.
    pub body: Vec<u8>,
    /// The database's time.
    pub now: OffsetDateTime,
}

/// What became of the webhooks of a batch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Processed {
    /// Parsed and recorded.
    pub done: usize,
    /// About messages that are not known yet: to be retried.
    pub waiting: usize,
    /// Not parsed, at least in part.
    pub faulty: usize,
    /// About messages of other senders.
    pub foreign: usize,
    /// The changes.
    pub updates: Vec<DeliveryUpdate>,
}

#[derive(FromQueryResult)]
struct EndRow {
    is_processed: bool,
    error: Option<String>,
}

impl<'d> Inbox<'d> {
    pub(crate) const fn new(auth: &'d DatabaseConnection) -> Self {
        Self { auth }
    }

    /// Stores a webhook by the digest of its bytes. False when it was already stored.
    #[tracing::instrument(name = "db.inbox.store", skip_all, err(level = "debug"))]
    pub async fn store(&self, digest: [u8; 32], body: &[u8]) -> Result<bool, StoreError> {
        let (digest, body) = (digest.to_vec(), body.to_vec());
        let write = raw_sql!(
            Postgres,
            "insert into webhook_inbox (digest, body) values ({digest}, {body})
                 on conflict do nothing"
        );
        Ok(self.auth.execute_raw(write).await?.rows_affected() > 0)
    }

    /// Whether a webhook is due. One that waits for its message is retried with a backoff that
    /// doubles.
    #[tracing::instrument(name = "db.inbox.is_due", skip_all, err(level = "debug"))]
    pub async fn is_due(&self) -> Result<bool, StoreError> {
        let read = raw_sql!(
            Postgres,
            "select 1 from webhook_inbox
              where processed_at is null
                and (error is null or updated_at
                    + greatest(updated_at - created_at, interval '1 second') <= now()) limit 1"
        );
        Ok(self.auth.query_one_raw(read).await?.is_some())
    }

    /// Claims webhooks that are due, oldest first.
    #[tracing::instrument(name = "db.inbox.claim", skip_all, err(level = "debug"))]
    pub async fn claim(&self, limit: u32) -> Result<InboxBatch, StoreError> {
        let limit = i64::from(limit);
        let txn = self.auth.begin().await?;
        let read = raw_sql!(
            Postgres,
            "select id, coalesce(body, '') as body, now() as now from webhook_inbox
              where processed_at is null
                and (error is null or updated_at
                    + greatest(updated_at - created_at, interval '1 second') <= now())
              order by created_at limit {limit} for update skip locked"
        );
        let webhooks = Webhook::find_by_statement(read).all(&txn).await?;
        Ok(InboxBatch { txn, webhooks })
    }
}

impl InboxBatch {
    /// The webhooks, oldest first.
    pub fn webhooks(&self) -> &[Webhook] {
        &self.webhooks
    }

    /// Records the reports of the webhooks in order, and completes them: their bytes are deleted
    /// unless they could not be parsed.
    #[tracing::instrument(name = "db.inbox.complete", skip_all, err(level = "debug"))]
    pub async fn complete(self, contents: &[WebhookContent]) -> Result<Processed, StoreError> {
        let mut processed = Processed::default();
        if self.webhooks.is_empty() {
            return Ok(processed);
        }
        let reports: Vec<_> = contents.iter().flat_map(|it| &it.reports).collect();
        let (known, updates) = delivery_reports::record(&self.txn, &reports).await?;
        processed.updates = updates;

        let is_waiting =
            |it: &WebhookContent| it.reports.iter().any(|it| !known.contains(&it.message_id));
        let ids: Vec<Uuid> = self.webhooks.iter().map(|it| it.id).collect();
        let waiting: Vec<bool> = contents.iter().map(is_waiting).collect();
        let faults: Vec<String> =
            contents.iter().map(|it| it.parse_error.unwrap_or_default().to_owned()).collect();
        for end in finish(&self.txn, ids, waiting, faults).await? {
            match (end.is_processed, end.error.as_deref()) {
                (false, _) => processed.waiting += 1,
                (true, None) => processed.done += 1,
                (true, Some(UNKNOWN_MESSAGE)) => processed.foreign += 1,
                (true, Some(_)) => processed.faulty += 1,
            }
        }
        self.txn.commit().await?;
        Ok(processed)
    }
}

async fn finish(
    txn: &DatabaseTransaction,
    ids: Vec<Uuid>,
    waiting: Vec<bool>,
    faults: Vec<String>,
) -> Result<Vec<EndRow>, StoreError> {
    let (unknown, patience) = (UNKNOWN_MESSAGE.to_owned(), PATIENCE);
    let write = raw_sql!(
        Postgres,
        "with ends as (
             select w.id, nullif(e.fault, '') as fault, e.lacks_message,
                    e.lacks_message and w.created_at > now() - make_interval(mins => {patience})
                        as waits
               from rows from (unnest({ids}), unnest({waiting}), unnest({faults}))
                    e (id, lacks_message, fault)
               join webhook_inbox w on w.id = e.id)
         update webhook_inbox w
            set processed_at = case when not e.waits then now() end,
                body = case when e.waits or e.fault is not null then w.body end,
                error = case when not e.waits and e.fault is not null then e.fault
                             when e.lacks_message then {unknown} end
           from ends e where w.id = e.id
         returning w.processed_at is not null as is_processed, w.error"
    );
    Ok(EndRow::find_by_statement(write).all(txn).await?)
}
