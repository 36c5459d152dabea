//! Reads the webhooks of the inbox: what became of the messages that were sent.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ignacio_domain::delivery::WebhookContent;
use ignacio_persistence::{DeliveryUpdate, Processed, StoreError, Webhook};
use tokio::sync::Notify;

use crate::Shared;
use crate::queue::{Queue, Stop};

/// How many webhooks are read in one transaction. Meta's largest has 3 MB.
const BATCH: u32 = 32;
/// After a failure nothing keeps the webhooks from being taken again at once.
const PAUSE: Duration = Duration::from_secs(1);

/// The webhooks that wait in the inbox. They have no leases: a batch is read, written down and done
/// with in one transaction, which locks its rows.
pub(crate) struct Reports {
    shared: Arc<Shared>,
    bell: Notify,
}

/// Whatever is due.
pub(crate) struct Batch;

impl Reports {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, bell: Notify::new() }
    }

    async fn process(&self) -> Result<Processed, StoreError> {
        let batch = self.shared.db.inbox().claim(BATCH).await?;
        let contents: Vec<_> = batch.webhooks().iter().map(|it| self.read(it)).collect();
        batch.complete(&contents).await
    }

    fn read(&self, webhook: &Webhook) -> WebhookContent {
        let read = self.shared.ports.parse_webhook;
        let content = catch_unwind(AssertUnwindSafe(|| read(&webhook.body, webhook.now)));
        // One body that cannot be read must not stop the others for ever.
        content.unwrap_or(WebhookContent { reports: Vec::new(), parse_error: Some("panic") })
    }
}

#[async_trait]
impl Queue for Reports {
    type Job = Batch;

    fn name(&self) -> &'static str {
        "reports"
    }

    fn at_once(&self) -> usize {
        // What is being read is not marked until it is done: side by side they would only wait.
        1
    }

    fn bell(&self) -> &Notify {
        &self.bell
    }

    async fn claim(&self, _room: usize) -> Result<Vec<Batch>, StoreError> {
        let is_due = self.shared.db.inbox().is_due().await?;
        Ok(is_due.then_some(Batch).into_iter().collect())
    }

    #[tracing::instrument(name = "work.reports", skip_all)]
    async fn work(&self, _job: &Batch, stop: &Stop) -> Result<(), StoreError> {
        match self.process().await {
            Ok(processed) => {
                count(&processed);
                Ok(())
            }
            Err(error) => {
                let pause = tokio::time::sleep(self.shared.settings.pauses.of(PAUSE));
                let _cut_short = stop.soon.run_until_cancelled(pause).await;
                Err(error)
            }
        }
    }

    async fn crashed(&self, _job: &Batch) -> Result<(), StoreError> {
        Ok(())
    }

    async fn give_back(&self, _job: &Batch) -> Result<(), StoreError> {
        // The transaction is gone, and with it what it had written.
        Ok(())
    }
}

fn count(processed: &Processed) {
    let Processed { done, waiting, faulty, foreign, updates } = processed;
    for (outcome, n) in
        [("done", done), ("waiting", waiting), ("faulty", faulty), ("foreign", foreign)]
    {
        if *n > 0 {
            let n = u64::try_from(*n).unwrap_or(u64::MAX);
            metrics::counter!("webhooks_read_total", "outcome" => outcome).increment(n);
        }
    }
    if *faulty > 0 {
        tracing::warn!(n = faulty, "webhooks were not understood; they are kept for 30 days");
    }
    updates.iter().for_each(tell);
}

fn tell(learnt: &DeliveryUpdate) {
    let (metric, duration) = if learnt.is_code {
        ("codes_delivered_total", "code_delivery_seconds")
    } else {
        ("notices_delivered_total", "notice_delivery_seconds")
    };
    for outcome in &learnt.outcomes {
        metrics::counter!(metric, "outcome" => outcome.clone()).increment(1);
    }
    if let Some(seconds) = learnt.seconds {
        metrics::histogram!(duration).record(seconds);
    }
    if learnt.outcomes.iter().any(|it| it == "failed") {
        let code = learnt.error.as_deref();
        tracing::warn!(code, is_code = learnt.is_code, "a message will not arrive");
    }
}
