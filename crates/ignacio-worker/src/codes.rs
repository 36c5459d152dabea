//! Sends one-time codes and notices. A code is made at the moment it is sent and lives in no place
//! but here.

mod outcome;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ignacio_domain::ids::OtpId;
use ignacio_domain::otp::OtpCode;
use ignacio_domain::ports::{NoticeKind, SendError};
use ignacio_persistence::{MessageKind, OutboxJob, ProviderOutage, StoreError};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use tokio::sync::Notify;
use tokio::time::Instant;

use self::outcome::{Next, next};
use crate::Shared;
use crate::job::insist;
use crate::queue::{Queue, Stop};
use crate::upkeep::show_sender;

/// How long one sending may take; well below the lease, so that no other worker sends meanwhile.
const SENDING: Duration = Duration::from_secs(10);

/// The codes and notices that wait in the outbox.
pub(crate) struct Codes {
    shared: Arc<Shared>,
    bell: Notify,
}

impl Codes {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, bell: Notify::new() }
    }

    async fn send_code(&self, job: &OutboxJob, challenge: OtpId) -> Result<(), StoreError> {
        let outbox = self.shared.db.outbox();
        let code = OtpCode::generate(&mut UnwrapErr(SysRng));
        let digest = code.digest(&self.shared.settings.otp_pepper, challenge, &job.phone);
        if !outbox.store_code(challenge, &digest).await? {
            count(job, "expired");
            return outbox.fail(job, "challenge_over", false).await;
        }
        let begun = Instant::now();
        let sending = self.shared.ports.messenger.send_code(&job.phone, &code, job.locale);
        let sent = in_time(sending).await;
        self.record(job, sent, begun.elapsed()).await
    }

    async fn send_notice(&self, job: &OutboxJob, notice: NoticeKind) -> Result<(), StoreError> {
        let begun = Instant::now();
        let sending = self.shared.ports.messenger.send_notice(&job.phone, notice, job.locale);
        let sent = in_time(sending).await;
        self.record(job, sent, begun.elapsed()).await
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
                    show_sender(None);
                }
                let outbox = self.shared.db.outbox();
                insist(self.shared.settings.pauses, || outbox.mark_sent(job, &message)).await
            }
            Err(error) => self.failed(job, &error, took).await,
        }
    }

    async fn failed(
        &self,
        job: &OutboxJob,
        error: &SendError,
        took: Duration,
    ) -> Result<(), StoreError> {
        tell(job, error);
        if let Some(fault) = breaks(job, error) {
            show_sender(Some(&fault));
            self.shared.db.login_monitor().report_outage(&fault).await?;
        }
        self.go_on(job, &next(job, error, took)).await
    }

    /// Nothing is sent while it is known that nothing can be.
    async fn refuse(&self, job: &OutboxJob, fault: &ProviderOutage) -> Result<(), StoreError> {
        let error = SendError::Misconfigured {
            code: fault.code.clone(),
            reason: "known already".to_owned(),
            is_critical: fault.is_critical,
        };
        self.go_on(job, &next(job, &error, Duration::ZERO)).await
    }

    async fn go_on(&self, job: &OutboxJob, next: &Next) -> Result<(), StoreError> {
        let outbox = self.shared.db.outbox();
        count(job, next.word());
        match next {
            Next::Again { after, error } => {
                outbox.retry(job, self.shared.settings.pauses.of(*after), error).await
            }
            Next::Unreachable { error } => outbox.mark_unreachable(job, error).await,
            Next::GaveUp { error, .. } => outbox.fail(job, error, true).await,
        }
    }
}

#[async_trait]
impl Queue for Codes {
    type Job = OutboxJob;

    fn name(&self) -> &'static str {
        "codes"
    }

    fn at_once(&self) -> usize {
        self.shared.settings.codes_at_once
    }

    fn bell(&self) -> &Notify {
        &self.bell
    }

    async fn claim(&self, room: usize) -> Result<Vec<OutboxJob>, StoreError> {
        let outbox = self.shared.db.outbox();
        // They take no slot, so that no number of them keeps anybody waiting.
        outbox.simulate_decoys().await?;
        outbox.claim(u32::try_from(room).unwrap_or(u32::MAX)).await
    }

    #[tracing::instrument(name = "work.codes", skip_all, fields(job = %job.id))]
    async fn work(&self, job: &OutboxJob, _stop: &Stop) -> Result<(), StoreError> {
        if let Some(fault) = job.outage.as_ref().filter(|fault| concerns(job, fault)) {
            return self.refuse(job, fault).await;
        }
        match job.kind {
            MessageKind::Code(challenge) => self.send_code(job, challenge).await,
            MessageKind::Notice(notice) => self.send_notice(job, notice).await,
        }
    }

    async fn crashed(&self, job: &OutboxJob) -> Result<(), StoreError> {
        let error = SendError::Transient { reason: "panic".to_owned() };
        self.go_on(job, &next(job, &error, Duration::ZERO)).await
    }

    async fn give_back(&self, _job: &OutboxJob) -> Result<(), StoreError> {
        // It may be on its way: the lease keeps it from being sent a second time at once.
        Ok(())
    }
}

async fn in_time(
    sending: impl Future<Output = Result<String, SendError>>,
) -> Result<String, SendError> {
    let silence = |_| Err(SendError::Transient { reason: "no answer".to_owned() });
    tokio::time::timeout(SENDING, sending).await.unwrap_or_else(silence)
}

/// What an error says about everything that is to be sent.
fn breaks(job: &OutboxJob, error: &SendError) -> Option<ProviderOutage> {
    let SendError::Misconfigured { code, is_critical, .. } = error else { return None };
    let fault = ProviderOutage { code: code.clone(), is_critical: *is_critical };
    Some(fault).filter(|fault| concerns(job, fault))
}

/// Notices have templates of their own: one that is wrong says nothing about codes, nor the other way
/// round. The key is the same.
const fn concerns(job: &OutboxJob, fault: &ProviderOutage) -> bool {
    is_code(job) || fault.is_critical
}

const fn is_code(job: &OutboxJob) -> bool {
    matches!(job.kind, MessageKind::Code(_))
}

fn tell(job: &OutboxJob, error: &SendError) {
    match error {
        SendError::Misconfigured { .. } => {
            tracing::error!(%error, what = ?job.kind, "nothing can be sent before this is mended");
        }
        SendError::Unreachable { .. } => tracing::warn!(%error, what = ?job.kind, "not delivered"),
        SendError::Transient { .. } | SendError::Throttled { .. } => {
            tracing::warn!(%error, what = ?job.kind, attempts = job.attempts, "not sent now");
        }
    }
}

fn count(job: &OutboxJob, outcome: &'static str) {
    let metric = if is_code(job) { "codes_sent_total" } else { "notices_sent_total" };
    metrics::counter!(metric, "outcome" => outcome).increment(1);
}
