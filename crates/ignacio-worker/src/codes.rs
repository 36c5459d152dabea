//! Sends one-time codes. A code is made at the moment it is sent and lives in no place but here.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ignacio_domain::otp::OtpCode;
use ignacio_domain::ports::PortError;
use ignacio_persistence::{CodeJob, StoreError};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use tokio::sync::Notify;

use crate::Shared;
use crate::job::{insist, word_for};
use crate::queue::{Queue, Stop};

/// The pauses between the tries; after the last one a person asks again by hand.
const PAUSES: [Duration; 3] =
    [Duration::from_secs(1), Duration::from_secs(3), Duration::from_secs(9)];
/// A code that cannot be sent within this time is of no use to who waits for it.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How long one sending may take; well below the lease, so that no other worker sends meanwhile.
const SENDING: Duration = Duration::from_secs(10);

/// The codes that wait in the outbox.
pub(crate) struct Codes {
    shared: Arc<Shared>,
    bell: Notify,
}

impl Codes {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, bell: Notify::new() }
    }

    async fn send(&self, job: &CodeJob, code: &OtpCode) -> Result<String, PortError> {
        let sending = self.shared.ports.otp_sender.send(&job.phone, code, job.locale);
        tokio::time::timeout(SENDING, sending).await.unwrap_or_else(|_| {
            Err(PortError::Transient { retry_after: None, reason: "no answer".to_owned() })
        })
    }

    async fn failed(&self, job: &CodeJob, error: &PortError) -> Result<(), StoreError> {
        let outbox = self.shared.db.outbox();
        let word = word_for(error);
        if let PortError::Transient { retry_after, .. } = error
            && let Some(pause) = next_pause(job.attempts, *retry_after)
        {
            count("retried");
            return outbox.retry(job, self.shared.settings.pauses.of(pause), word).await;
        }
        match error {
            PortError::Misconfigured { .. } => {
                tracing::error!(%error, challenge = %job.challenge, "codes cannot be sent");
                count("misconfigured");
            }
            PortError::Rejected { .. } | PortError::NotFound => {
                tracing::warn!(code = word, challenge = %job.challenge, "a code was refused");
                count("rejected");
            }
            PortError::Transient { .. } => {
                tracing::warn!(challenge = %job.challenge, "a code was given up");
                count("gave_up");
            }
        }
        outbox.give_up(job, word).await
    }
}

#[async_trait]
impl Queue for Codes {
    type Job = CodeJob;

    fn name(&self) -> &'static str {
        "codes"
    }

    fn at_once(&self) -> usize {
        self.shared.settings.codes_at_once
    }

    fn bell(&self) -> &Notify {
        &self.bell
    }

    async fn claim(&self, room: usize) -> Result<Vec<CodeJob>, StoreError> {
        self.shared.db.outbox().claim(u32::try_from(room).unwrap_or(u32::MAX)).await
    }

    #[tracing::instrument(name = "work.codes", skip_all, fields(challenge = %job.challenge))]
    async fn work(&self, job: &CodeJob, _stop: &Stop) -> Result<(), StoreError> {
        let outbox = self.shared.db.outbox();
        let code = OtpCode::generate(&mut UnwrapErr(SysRng));
        let digest = code.digest(&self.shared.settings.otp_pepper, job.challenge, &job.phone);
        if !outbox.arm(job, &digest).await? {
            count("expired");
            return outbox.give_up(job, "challenge_over").await;
        }
        match self.send(job, &code).await {
            Ok(provider_message_id) => {
                count("sent");
                insist(self.shared.settings.pauses, || outbox.sent(job, &provider_message_id)).await
            }
            Err(error) => self.failed(job, &error).await,
        }
    }

    async fn crashed(&self, job: &CodeJob) -> Result<(), StoreError> {
        let outbox = self.shared.db.outbox();
        match next_pause(job.attempts, None) {
            Some(pause) => outbox.retry(job, self.shared.settings.pauses.of(pause), "panic").await,
            None => outbox.give_up(job, "panic").await,
        }
    }

    async fn give_back(&self, _job: &CodeJob) -> Result<(), StoreError> {
        // It may be on its way: the lease keeps it from being sent a second time at once.
        Ok(())
    }
}

/// The pause after so many tries; `None` when there is nothing to wait for any more.
fn next_pause(attempts: i32, retry_after: Option<Duration>) -> Option<Duration> {
    let ours = usize::try_from(attempts.saturating_sub(1)).ok().and_then(|it| PAUSES.get(it))?;
    let pause = retry_after.unwrap_or_default().max(*ours);
    (pause <= LONGEST_PAUSE).then_some(pause)
}

fn count(outcome: &'static str) {
    metrics::counter!("codes_sent_total", "outcome" => outcome).increment(1);
}

#[cfg(test)]
mod tests {
    //! The pauses between the tries.

    use super::*;

    #[test]
    fn a_code_is_tried_four_times_within_half_a_minute() {
        let seconds = |it: u64| Some(Duration::from_secs(it));
        assert_eq!(next_pause(1, None), seconds(1));
        assert_eq!(next_pause(2, None), seconds(3));
        assert_eq!(next_pause(3, None), seconds(9));
        assert_eq!(next_pause(4, None), None);
        assert_eq!(next_pause(1, seconds(6)), seconds(6));
        assert_eq!(next_pause(3, seconds(6)), seconds(9));
        assert_eq!(next_pause(1, seconds(31)), None);
    }
}
