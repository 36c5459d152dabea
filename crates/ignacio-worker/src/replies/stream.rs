//! Follows the provider's stream: each event is published immediately and saved soon.

use futures_util::StreamExt as _;
use ignacio_domain::ports::{AssistantError, AssistantEvent, AssistantEventKind, ReplyStream};
use ignacio_domain::reply::ReplyEvent;
use ignacio_domain::response::{ReplyFailure, ReplyOutcome};
use ignacio_persistence::{ReplyWriter, StoreError};
use tokio::time::error::Elapsed;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::interrupt::with_interrupt;
use super::recovery::StreamFailure;
use super::runner::{ReplyRunner, RunEnd, Unsaved, Upstream};

/// The longest reply, in bytes. No model writes that much; a broken one might.
const MAX_TEXT_BYTES: usize = 2 * 1024 * 1024;

enum Step {
    SaveDue,
    /// The save in progress has finished.
    Saved(Result<bool, StoreError>),
    Titled(String),
    Received(Result<Option<Result<AssistantEvent, AssistantError>>, Elapsed>),
}

impl ReplyRunner<'_> {
    /// Follows a stream until it fails, or to the end of the reply.
    pub(super) async fn follow(
        &mut self,
        mut stream: ReplyStream,
    ) -> Result<StreamFailure, RunEnd> {
        let replay_until = self.upstream.as_ref().map(|it| it.cursor);
        let deadline = self.deadline();
        let mut received_at = Instant::now();
        loop {
            let idle_at = received_at + self.context.settings.idle_timeout;
            let step = with_interrupt(&mut self.lease_status, deadline, async {
                tokio::select! {
                    biased;
                    step = next_save(&mut self.writer, self.unsaved) => step,
                    title = self.titles.next() => Step::Titled(title),
                    item = timeout_at(idle_at, stream.next()) => Step::Received(item),
                }
            })
            .await;
            let event = match step {
                Err(interrupt) => return Err(self.interrupted(interrupt, Some(stream)).await),
                Ok(Step::SaveDue) => {
                    self.begin_save()?;
                    continue;
                }
                Ok(Step::Saved(saved)) => {
                    self.handle_saved(saved)?;
                    continue;
                }
                Ok(Step::Titled(title)) => {
                    self.writer.push(ReplyEvent::Titled(title));
                    continue;
                }
                Ok(Step::Received(Err(_))) => return Ok(StreamFailure::Idle),
                Ok(Step::Received(Ok(None))) => return Ok(StreamFailure::Closed),
                Ok(Step::Received(Ok(Some(Err(error))))) => {
                    return Ok(StreamFailure::Error(error));
                }
                Ok(Step::Received(Ok(Some(Ok(event))))) => event,
            };
            received_at = Instant::now();
            if replay_until.is_some_and(|until| event.cursor <= until) && !is_end(&event) {
                self.replay(event);
                continue;
            }
            self.retries.reset_resumes();
            if let Some(failure) = self.handle(event).await? {
                return Ok(failure);
            }
        }
    }

    /// Collects the sources from an event that is already in the log, which another worker may have
    /// written.
    fn replay(&mut self, event: AssistantEvent) {
        match event.kind {
            AssistantEventKind::Retrieved { provider_file_id, text } => {
                self.sources.add_passage(provider_file_id, text);
            }
            AssistantEventKind::Cited { provider_file_id, position, .. } => {
                self.sources.mark_cited(provider_file_id, position);
            }
            _ => {}
        }
    }

    /// Handles one event; returns a failure if the provider failed without any text.
    async fn handle(&mut self, event: AssistantEvent) -> Result<Option<StreamFailure>, RunEnd> {
        if let Some(upstream) = &mut self.upstream {
            upstream.cursor = event.cursor;
        }
        match event.kind {
            AssistantEventKind::Started { provider_id } => {
                self.upstream = Some(Upstream { id: provider_id, cursor: event.cursor });
                // Saved immediately: from here on another worker can resume the reply.
                if let Err(end) = self.save().await {
                    self.delete_upstream().await;
                    return Err(end);
                }
            }
            AssistantEventKind::ToolStarted(tool) => {
                self.writer.push(ReplyEvent::ToolStarted(tool));
            }
            AssistantEventKind::ToolFinished(tool) => {
                self.writer.push(ReplyEvent::ToolFinished(tool));
            }
            AssistantEventKind::Retrieved { provider_file_id, text } => {
                self.sources.add_passage(provider_file_id, text);
            }
            AssistantEventKind::Delta(text) => self.append(text).await?,
            AssistantEventKind::Cited { provider_file_id, position, .. } => {
                self.cite(provider_file_id, position).await?;
            }
            AssistantEventKind::Ended { outcome, usage } => {
                self.usage = usage;
                let is_empty = self.writer.text().is_empty();
                if outcome == ReplyOutcome::Failed(ReplyFailure::ProviderUnavailable) && is_empty {
                    return Ok(Some(StreamFailure::FailedEmpty));
                }
                return Err(RunEnd::Outcome(outcome));
            }
        }
        Ok(None)
    }

    async fn append(&mut self, text: String) -> Result<(), RunEnd> {
        // Postgres cannot store NUL.
        let text = if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text };
        if self.writer.text().len() + text.len() > MAX_TEXT_BYTES {
            self.stop_upstream().await;
            let reason = "too_long".to_owned();
            return Err(RunEnd::Outcome(ReplyOutcome::Incomplete { reason }));
        }
        if self.writer.text().is_empty() {
            // The reply is never requested again: no need to hold a whole conversation.
            self.prompt = None;
            metrics::histogram!("reply_first_delta_seconds")
                .record(self.started_at.elapsed().as_secs_f64());
        }
        self.writer.push(ReplyEvent::Delta(text));
        Ok(())
    }
}

/// Whether an event is the provider's end, whatever its number.
const fn is_end(event: &AssistantEvent) -> bool {
    matches!(event.kind, AssistantEventKind::Ended { .. })
}

/// Waits for the save in progress, or else until there is enough to save or the database may be
/// available again.
async fn next_save(writer: &mut ReplyWriter, unsaved: Option<Unsaved>) -> Step {
    if writer.is_flushing() {
        return Step::Saved(writer.finish_flush().await);
    }
    match unsaved {
        Some(unsaved) => sleep_until(unsaved.retry_at).await,
        None => writer.due().await,
    }
    Step::SaveDue
}
