//! The provider's side of a reply: waiting for it, cancelling it, deleting it.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt as _;
use ignacio_domain::ports::{AssistantError, AssistantEventKind, PortError, ReplyStream};
use ignacio_domain::response::{ReplyFailure, ReplyOutcome};
use ignacio_domain::usage::Usage;
use tokio::time::{sleep, timeout};

use super::interrupt::{Interrupt, with_interrupt};
use super::recovery::StreamFailure;
use super::runner::{ReplyRunner, RunEnd, Upstream};

/// How long the provider may take to stop or delete a reply.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a stopped stream is read for its id or its usage.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);
/// How long the provider may take to report a reply's usage.
const USAGE_TIMEOUT: Duration = Duration::from_secs(3);

impl ReplyRunner<'_> {
    /// Opens a stream.
    pub(super) async fn open(
        &mut self,
        opening: impl Future<Output = Result<ReplyStream, AssistantError>>,
    ) -> Result<Result<ReplyStream, StreamFailure>, RunEnd> {
        let mut opening = pin!(timeout(self.context.settings.idle_timeout, opening));
        let deadline = self.deadline();
        match with_interrupt(&mut self.lease_status, deadline, &mut opening).await {
            Ok(Ok(Ok(stream))) => Ok(Ok(stream)),
            Ok(Ok(Err(error))) => Ok(Err(StreamFailure::Error(error))),
            Ok(Err(_)) => Ok(Err(StreamFailure::Idle)),
            // The provider may have accepted the request: only its response says what to cancel.
            Err(interrupt) if self.upstream.is_none() => {
                let stream = timeout(STOP_TIMEOUT, opening).await.ok().and_then(Result::ok);
                Err(self.interrupted(interrupt, stream.and_then(Result::ok)).await)
            }
            Err(interrupt) => Err(self.interrupted(interrupt, None).await),
        }
    }

    /// Waits, unless the reply is interrupted.
    pub(super) async fn wait(&mut self, delay: Duration) -> Result<(), RunEnd> {
        let deadline = self.deadline();
        match with_interrupt(&mut self.lease_status, deadline, sleep(delay)).await {
            Ok(()) => Ok(()),
            Err(interrupt) => Err(self.interrupted(interrupt, None).await),
        }
    }

    /// Stops an interrupted reply, and returns its outcome.
    pub(super) async fn interrupted(
        &mut self,
        interrupt: Interrupt,
        mut stream: Option<ReplyStream>,
    ) -> RunEnd {
        if self.upstream.is_none()
            && let Some(stream) = &mut stream
        {
            self.upstream = timeout(DRAIN_TIMEOUT, upstream_of(stream)).await.ok().flatten();
            if interrupt == Interrupt::LeaseLost {
                self.delete_upstream().await;
            }
        }
        let outcome = match interrupt {
            Interrupt::LeaseLost => return RunEnd::LeaseLost,
            Interrupt::CancelRequested => ReplyOutcome::Cancelled,
            Interrupt::Deadline => ReplyOutcome::Failed(ReplyFailure::TimedOut),
        };
        self.stop_upstream().await;
        if let Some(stream) = stream {
            self.usage = timeout(DRAIN_TIMEOUT, usage_of(stream)).await.ok().flatten();
        }
        RunEnd::Outcome(outcome)
    }

    /// Cancels and deletes a reply upstream that no row names: no other worker could.
    pub(super) async fn delete_upstream(&mut self) {
        self.stop_upstream().await;
        let Some(upstream) = self.upstream.take() else { return };
        match timeout(STOP_TIMEOUT, self.context.ports.assistant.delete_response(&upstream.id))
            .await
        {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "a reply could not be deleted upstream"),
            Err(_) => tracing::warn!("a reply could not be deleted upstream in time"),
        }
    }

    /// Cancels a reply upstream: text that is never read should not be paid for.
    pub(super) async fn stop_upstream(&self) {
        let Some(upstream) = &self.upstream else { return };
        match timeout(STOP_TIMEOUT, self.context.ports.assistant.cancel(&upstream.id)).await {
            Ok(Ok(()) | Err(PortError::NotFound)) => {}
            Ok(Err(error)) => tracing::warn!(%error, "a reply could not be stopped upstream"),
            Err(_) => tracing::warn!("a reply could not be stopped upstream in time"),
        }
    }

    /// Asks the provider for the usage of a reply whose stream did not report it.
    pub(super) async fn fetch_usage(&mut self, outcome: &ReplyOutcome) {
        let Some(upstream) = &self.upstream else { return };
        if self.usage.is_some() || *outcome == ReplyOutcome::Completed {
            return;
        }
        match timeout(USAGE_TIMEOUT, self.context.ports.assistant.fetch_usage(&upstream.id)).await {
            Ok(Ok(usage)) => self.usage = usage,
            Ok(Err(error)) => tracing::warn!(%error, "a reply's usage is unknown"),
            Err(_) => tracing::warn!("a reply's usage was not reported in time"),
        }
    }
}

/// Reads a stream up to the provider's id, which comes first.
async fn upstream_of(stream: &mut ReplyStream) -> Option<Upstream> {
    while let Some(Ok(event)) = stream.next().await {
        if let AssistantEventKind::Started { provider_id } = event.kind {
            return Some(Upstream { id: provider_id, cursor: event.cursor });
        }
    }
    None
}

/// Reads the rest of a stopped stream for its usage.
async fn usage_of(mut stream: ReplyStream) -> Option<Usage> {
    while let Some(Ok(event)) = stream.next().await {
        if let AssistantEventKind::Ended { usage, .. } = event.kind {
            return usage;
        }
    }
    None
}
