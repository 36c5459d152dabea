//! Processes the webhooks in the inbox, which report the delivery of sent messages.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ignacio_domain::delivery::WebhookContent;
use ignacio_persistence::{DeliveryUpdate, Processed, StoreError, Webhook};

use crate::context::WorkerContext;
use crate::jobs::{JobControl, JobProcessor, JobQueue};

/// How many webhooks are processed in one transaction. Meta's largest is 3 MB.
const BATCH: u32 = 32;
/// After a failure the webhooks are due immediately.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// Processes the inbox. Its rows have no leases: a batch is read and recorded in one transaction,
/// which locks them.
pub(crate) struct DeliveryReports {
    context: Arc<WorkerContext>,
    queue: JobQueue,
}

/// The webhooks that are due.
pub(crate) struct Batch;

impl DeliveryReports {
    pub(crate) fn new(context: Arc<WorkerContext>) -> Self {
        // A batch locks its rows: a second one would only wait.
        Self { context, queue: JobQueue::new("delivery_reports", 1) }
    }

    async fn process_batch(&self) -> Result<Processed, StoreError> {
        let batch = self.context.db.inbox().claim(BATCH).await?;
        let contents: Vec<_> = batch.webhooks().iter().map(|it| self.read(it)).collect();
        batch.complete(&contents).await
    }

    fn read(&self, webhook: &Webhook) -> WebhookContent {
        let parse = self.context.ports.parse_webhook;
        let content = catch_unwind(AssertUnwindSafe(|| parse(&webhook.body, webhook.now)));
        // One unreadable body must not block the others forever.
        content.unwrap_or(WebhookContent { reports: Vec::new(), parse_error: Some("panic") })
    }
}

#[async_trait]
impl JobProcessor for DeliveryReports {
    type Job = Batch;

    fn queue(&self) -> &JobQueue {
        &self.queue
    }

    async fn claim(&self, _limit: usize) -> Result<Vec<Batch>, StoreError> {
        let is_due = self.context.db.inbox().is_due().await?;
        Ok(is_due.then_some(Batch).into_iter().collect())
    }

    #[tracing::instrument(name = "work.delivery_reports", skip_all)]
    async fn process(&self, _job: &Batch, control: &JobControl) -> Result<(), StoreError> {
        match self.process_batch().await {
            Ok(processed) => {
                count(&processed);
                Ok(())
            }
            Err(error) => {
                let delay = self.context.backoff.sleep(RETRY_DELAY);
                let _cut_short = control.shutdown.drain.run_until_cancelled(delay).await;
                Err(error)
            }
        }
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
        tracing::warn!(n = faulty, "webhooks could not be parsed; they are kept for 30 days");
    }
    updates.iter().for_each(count_update);
}

fn count_update(update: &DeliveryUpdate) {
    let (metric, duration) = if update.is_code {
        ("codes_delivered_total", "code_delivery_seconds")
    } else {
        ("notices_delivered_total", "notice_delivery_seconds")
    };
    for outcome in &update.outcomes {
        metrics::counter!(metric, "outcome" => outcome.clone()).increment(1);
    }
    if let Some(seconds) = update.seconds {
        metrics::histogram!(duration).record(seconds);
    }
    if update.outcomes.iter().any(|it| it == "failed") {
        let code = update.error.as_deref();
        tracing::warn!(code, is_code = update.is_code, "a message will not be delivered");
    }
}
