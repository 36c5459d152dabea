//! Sends the login codes and notices in the outbox. A code is generated when it is sent, and only
//! its digest is stored.

mod send_decision;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ignacio_domain::otp::OtpCode;
use ignacio_domain::ports::SendError;
use ignacio_persistence::{MessageKind, OutboxJob, ProviderOutage, StoreError};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use tokio::time::Instant;

use self::send_decision::{SendDecision, decide};
use crate::context::WorkerContext;
use crate::jobs::{JobControl, JobProcessor, JobQueue};
use crate::maintenance::record_provider_outage;

/// How long one send may take; well below the lease, so that no other worker sends meanwhile.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// Sends the messages in the outbox.
pub(crate) struct OutboxSender {
    context: Arc<WorkerContext>,
    queue: JobQueue,
}

impl OutboxSender {
    pub(crate) fn new(context: Arc<WorkerContext>) -> Self {
        Self { queue: JobQueue::new("outbox", context.settings.outbox_concurrency), context }
    }

    async fn send(&self, job: &OutboxJob) -> Result<(), StoreError> {
        let (phone, locale) = (&job.phone, job.locale);
        let messenger = &self.context.ports.messenger;
        let (sent, took) = match job.kind {
            MessageKind::Code(challenge) => {
                let outbox = self.context.db.outbox();
                let code = OtpCode::generate(&mut UnwrapErr(SysRng));
                let digest = code.digest(&self.context.settings.otp_pepper, challenge, phone);
                if !outbox.store_code(challenge, &digest).await? {
                    count(job, "expired");
                    return outbox.fail(job, "challenge_over", false).await;
                }
                timed(messenger.send_code(phone, &code, locale)).await
            }
            MessageKind::Notice(notice) => {
                timed(messenger.send_notice(phone, notice, locale)).await
            }
        };
        self.record(job, sent, took).await
    }

    async fn record(
        &self,
        job: &OutboxJob,
        sent: Result<String, SendError>,
        took: Duration,
    ) -> Result<(), StoreError> {
        match sent {
            Ok(message) => {
                count(job, "sent");
                if is_code(job) {
                    record_provider_outage(None);
                }
                let outbox = self.context.db.outbox();
                self.context.backoff.retry_write(|| outbox.mark_sent(job, &message)).await
            }
            Err(error) => self.record_error(job, &error, took).await,
        }
    }

    async fn record_error(
        &self,
        job: &OutboxJob,
        error: &SendError,
        took: Duration,
    ) -> Result<(), StoreError> {
        log_error(job, error);
        if let Some(outage) = outage_of(job, error) {
            record_provider_outage(Some(&outage));
            self.context.db.login_monitor().report_outage(&outage).await?;
        }
        self.apply(job, &decide(job, error, took)).await
    }

    /// Sends nothing during a known outage.
    async fn refuse(&self, job: &OutboxJob, outage: &ProviderOutage) -> Result<(), StoreError> {
        let error = SendError::Misconfigured {
            code: outage.code.clone(),
            reason: "known outage".to_owned(),
            is_critical: outage.is_critical,
        };
        self.apply(job, &decide(job, &error, Duration::ZERO)).await
    }

    async fn apply(&self, job: &OutboxJob, decision: &SendDecision) -> Result<(), StoreError> {
        let outbox = self.context.db.outbox();
        count(job, decision.as_str());
        match decision {
            SendDecision::Retry { after, error } => {
                outbox.retry(job, self.context.backoff.real_time(*after), error).await
            }
            SendDecision::Unreachable { error } => outbox.mark_unreachable(job, error).await,
            SendDecision::GiveUp { error, .. } => outbox.fail(job, error, true).await,
        }
    }
}

#[async_trait]
impl JobProcessor for OutboxSender {
    type Job = OutboxJob;

    fn queue(&self) -> &JobQueue {
        &self.queue
    }

    async fn claim(&self, limit: usize) -> Result<Vec<OutboxJob>, StoreError> {
        let outbox = self.context.db.outbox();
        // Decoys take no slot, so that any number of them delays no code.
        outbox.simulate_decoys().await?;
        outbox.claim(u32::try_from(limit).unwrap_or(u32::MAX)).await
    }

    #[tracing::instrument(name = "work.outbox", skip_all, fields(job = %job.id))]
    async fn process(&self, job: &OutboxJob, _control: &JobControl) -> Result<(), StoreError> {
        if let Some(outage) = job.outage.as_ref().filter(|it| concerns(job, it)) {
            return self.refuse(job, outage).await;
        }
        self.send(job).await
    }

    async fn panicked(&self, job: &OutboxJob) -> Result<(), StoreError> {
        let error = SendError::Transient { reason: "panic".to_owned() };
        self.apply(job, &decide(job, &error, Duration::ZERO)).await
    }
}

/// Sends within [`SEND_TIMEOUT`]; also returns how long it took.
async fn timed(
    sending: impl Future<Output = Result<String, SendError>>,
) -> (Result<String, SendError>, Duration) {
    let started_at = Instant::now();
    let timed_out = |_| Err(SendError::Transient { reason: "no answer".to_owned() });
    let sent = tokio::time::timeout(SEND_TIMEOUT, sending).await.unwrap_or_else(timed_out);
    (sent, started_at.elapsed())
}

/// The outage that an error reveals, if it stops other messages too.
fn outage_of(job: &OutboxJob, error: &SendError) -> Option<ProviderOutage> {
    let SendError::Misconfigured { code, is_critical, .. } = error else { return None };
    let outage = ProviderOutage { code: code.clone(), is_critical: *is_critical };
    Some(outage).filter(|it| concerns(job, it))
}

/// Whether an outage affects a message. Codes and notices have separate templates, so a wrong
/// template of one says nothing about the other. They share the access key.
const fn concerns(job: &OutboxJob, outage: &ProviderOutage) -> bool {
    is_code(job) || outage.is_critical
}

const fn is_code(job: &OutboxJob) -> bool {
    matches!(job.kind, MessageKind::Code(_))
}

fn log_error(job: &OutboxJob, error: &SendError) {
    let kind = job.kind;
    match error {
        SendError::Misconfigured { .. } => {
            tracing::error!(%error, ?kind, "nothing can be sent until this is fixed");
        }
        SendError::Unreachable { .. } => tracing::warn!(%error, ?kind, "a number is unreachable"),
        SendError::Transient { .. } | SendError::Throttled { .. } => {
            tracing::warn!(%error, ?kind, attempts = job.attempts, "a message could not be sent");
        }
    }
}

fn count(job: &OutboxJob, outcome: &'static str) {
    let metric = if is_code(job) { "codes_sent_total" } else { "notices_sent_total" };
    metrics::counter!(metric, "outcome" => outcome).increment(1);
}
