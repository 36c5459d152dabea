//! One reply, from the request to its end.

use std::time::Duration;

use ignacio_domain::ports::{AssistantError, PortError, ReplyStream};
use ignacio_domain::reply::ReplyEvent;
use ignacio_domain::response::{ReplyFailure, ReplyOutcome};
use ignacio_domain::usage::UsageCost;
use ignacio_persistence::{LeaseExtension, StoreError};
use tokio::time::{Instant, sleep};

use super::prompt_builder::model_of;
use super::recovery::{Progress, Recovery, StreamFailure};
use super::runner::{MAX_UNSAVED_TIME, ReplyRunner, RunEnd, SAVE_RETRY_DELAY};

/// Before the first event.
const STREAM_START: i64 = -1;

impl ReplyRunner<'_> {
    /// Writes the reply to its end.
    pub(super) async fn run(mut self) -> Result<(), StoreError> {
        match self.run_to_end().await {
            RunEnd::Outcome(outcome) => self.end(outcome).await,
            RunEnd::Store(error) => Err(error),
            RunEnd::LeaseLost => {
                tracing::info!("another worker has the reply, or it was deleted");
                Ok(())
            }
        }
    }

    /// Stores the reply as it is, with its outcome.
    pub(super) async fn end(mut self, outcome: ReplyOutcome) -> Result<(), StoreError> {
        self.fetch_usage(&outcome).await;
        if let Some(usage) = self.usage {
            self.writer.push(ReplyEvent::Used(usage));
        }
        let state = outcome.state().as_str();
        if self.store_end(&outcome).await? {
            self.wake_follow_ups();
            tracing::info!(outcome = state, "a reply has ended");
            metrics::counter!("replies_total", "outcome" => state).increment(1);
        }
        Ok(())
    }

    /// Stores the end, and waits while the database is unavailable; false when the lease is lost.
    async fn store_end(&mut self, outcome: &ReplyOutcome) -> Result<bool, StoreError> {
        let since = Instant::now();
        let cost = self.cost();
        loop {
            match self.writer.end(outcome.clone(), cost).await {
                Err(StoreError::Unavailable(_)) if since.elapsed() < MAX_UNSAVED_TIME => {
                    sleep(SAVE_RETRY_DELAY).await;
                }
                ended => return ended,
            }
        }
    }

    /// The usage that the provider reports. A requested reply whose usage is unknown costs what was
    /// reserved.
    fn cost(&self) -> UsageCost {
        match (self.usage, &self.upstream) {
            (Some(usage), _) => {
                let model = model_of(self.context, self.job);
                UsageCost::Known {
                    usage,
                    cost_micro_usd: self.context.settings.models.cost(model, usage),
                }
            }
            (None, Some(_)) => UsageCost::Unknown,
            (None, None) => UsageCost::Nothing,
        }
    }

    async fn run_to_end(&mut self) -> RunEnd {
        let mut next = match (&self.upstream, self.writer.text().is_empty()) {
            (Some(_), _) => Recovery::Resume(Duration::ZERO),
            (None, true) => Recovery::Restart(Duration::ZERO),
            // Its first worker died, and what it started cannot be found.
            (None, false) => Recovery::Fail(ReplyFailure::Interrupted),
        };
        loop {
            let failure = match self.try_once(next).await {
                Ok(failure) => failure,
                Err(end) => return end,
            };
            let progress = Progress {
                is_accepted: self.upstream.is_some(),
                has_text: !self.writer.text().is_empty(),
            };
            log_failure(&failure);
            next = self.retries.recover(&failure, progress);
        }
    }

    /// Follows a stream until it fails.
    async fn try_once(&mut self, recovery: Recovery) -> Result<StreamFailure, RunEnd> {
        let opened = match recovery {
            Recovery::Fail(failure) => {
                self.stop_upstream().await;
                return Err(RunEnd::Outcome(ReplyOutcome::Failed(failure)));
            }
            Recovery::RestartWithHistory => {
                if !self.prompt().await?.use_full_history() {
                    let failure = ReplyOutcome::Failed(ReplyFailure::ProviderRejected);
                    return Err(RunEnd::Outcome(failure));
                }
                self.start().await?
            }
            Recovery::Restart(delay) => {
                self.wait(delay).await?;
                self.start().await?
            }
            Recovery::Resume(delay) => {
                self.wait(delay).await?;
                self.resume().await?
            }
        };
        match opened {
            Ok(stream) => self.follow(stream).await,
            Err(failure) => Ok(failure),
        }
    }

    async fn start(&mut self) -> Result<Result<ReplyStream, StreamFailure>, RunEnd> {
        if self.prompt.is_some() {
            self.verify_lease().await?;
        }
        let context = self.context;
        let prompt = self.ready_prompt().await?.build(context).await;
        self.delete_upstream().await;
        let opening = context.ports.assistant.start(prompt);
        self.open(opening).await
    }

    /// Checks that the reply still exists before it is requested again: deleting a reply also
    /// deletes it upstream, which looks like a failure there.
    async fn verify_lease(&self) -> Result<(), RunEnd> {
        match self.context.db.reply_jobs().extend(self.job).await? {
            LeaseExtension::Held { .. } => Ok(()),
            LeaseExtension::Lost => Err(RunEnd::LeaseLost),
        }
    }

    /// Follows from the very first event, although the log is further: only the stream reports what
    /// the searches found and where each part of the text starts.
    async fn resume(&mut self) -> Result<Result<ReplyStream, StreamFailure>, RunEnd> {
        let Some(upstream) = &self.upstream else { return Ok(Err(StreamFailure::Closed)) };
        let id = upstream.id.clone();
        let opening = self.context.ports.assistant.resume(&id, STREAM_START);
        self.open(opening).await
    }
}

fn log_failure(failure: &StreamFailure) {
    match failure {
        StreamFailure::Error(AssistantError::Port(error @ PortError::Misconfigured { .. })) => {
            tracing::error!(%error, "replies cannot be requested");
        }
        StreamFailure::Error(error) => tracing::warn!(%error, "a reply's stream failed"),
        StreamFailure::Closed | StreamFailure::Idle | StreamFailure::FailedEmpty => {
            tracing::warn!(?failure, "a reply's stream failed");
        }
    }
}
