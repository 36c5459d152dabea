//! Follows the provider's stream: each event is passed on at once and saved soon.

use std::collections::HashMap;

use futures_util::StreamExt as _;
use ignacio_domain::error_chain;
use ignacio_domain::ids::FileId;
use ignacio_domain::ports::{AssistantError, AssistantEvent, AssistantEventKind, ReplyStream};
use ignacio_domain::reply::ReplyEvent;
use ignacio_domain::response::{ReplyFailure, ReplyOutcome};
use ignacio_persistence::{ReplyWriter, StoreError};
use tokio::time::error::Elapsed;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::plan::Cut;
use super::pulse::guarded;
use super::writer::{Close, LONGEST_UNSAVED, SAVE_AGAIN, Unsaved, Upstream, Writer};
use crate::job::insist;

/// The longest reply, in bytes. No model writes that much; a broken one might.
const MAX_TEXT_BYTES: usize = 2 * 1024 * 1024;

enum Step {
    /// A save is due.
    Save,
    Titled(String),
    /// The save that was under way has come to an end.
    Saved(Result<bool, StoreError>),
    Heard(Result<Option<Result<AssistantEvent, AssistantError>>, Elapsed>),
}

impl Writer<'_> {
    /// Follows a stream until it is cut, or to the end of the reply.
    pub(super) async fn follow(&mut self, mut stream: ReplyStream) -> Result<Cut, Close> {
        let behind = self.upstream.as_ref().map(|it| it.cursor);
        let deadline = self.deadline();
        let mut heard = Instant::now();
        loop {
            let silent = heard + self.shared.settings.idle;
            let step = guarded(&mut self.pulse, deadline, async {
                tokio::select! {
                    biased;
                    step = saving(&mut self.live, self.unsaved) => step,
                    title = self.titled.heard() => Step::Titled(title),
                    item = timeout_at(silent, stream.next()) => Step::Heard(item),
                }
            })
            .await;
            let event = match step {
                Err(interrupt) => return Err(self.interrupted(interrupt, Some(stream)).await),
                Ok(Step::Save) => {
                    // The reply goes on meanwhile: a delta does not wait for the database.
                    self.live.start_flush(self.upstream.as_ref().map(Upstream::noted))?;
                    continue;
                }
                Ok(Step::Saved(saved)) => {
                    self.saved(saved)?;
                    continue;
                }
                Ok(Step::Titled(title)) => {
                    self.live.push(ReplyEvent::Titled(title));
                    continue;
                }
                Ok(Step::Heard(Err(_))) => return Ok(Cut::Idle),
                Ok(Step::Heard(Ok(None))) => return Ok(Cut::Closed),
                Ok(Step::Heard(Ok(Some(Err(error))))) => return Ok(Cut::Failed(error)),
                Ok(Step::Heard(Ok(Some(Ok(event))))) => event,
            };
            heard = Instant::now();
            if behind.is_some_and(|behind| event.cursor <= behind) && !is_end(&event) {
                self.recall(event);
                continue;
            }
            self.tries.reset_resumes();
            if let Some(cut) = self.take(event).await? {
                return Ok(cut);
            }
        }
    }

    /// Takes note of what the log has already, and which another worker may have written.
    fn recall(&mut self, event: AssistantEvent) {
        match event.kind {
            AssistantEventKind::Retrieved { provider_file_id, text } => {
                self.sources.retrieved(provider_file_id, text);
            }
            AssistantEventKind::Cited { provider_file_id, position, .. } => {
                self.sources.recall(provider_file_id, position);
            }
            _ => {}
        }
    }

    /// Writes what is not saved yet, unless the database is away for a moment.
    pub(super) async fn save(&mut self) -> Result<(), Close> {
        let saved = self.live.flush(self.upstream.as_ref().map(Upstream::noted)).await;
        self.saved(saved)
    }

    fn saved(&mut self, saved: Result<bool, StoreError>) -> Result<(), Close> {
        match saved {
            Ok(true) => {
                self.unsaved = None;
                self.running.extended();
                self.ring();
                Ok(())
            }
            Ok(false) => Err(Close::Left),
            Err(StoreError::Unavailable(_)) if self.may_wait() => {
                tracing::debug!("text waits for the database");
                Ok(())
            }
            Err(error) => Err(Close::Broken(error)),
        }
    }

    /// Whether text that could not be saved may wait; if so, until when.
    fn may_wait(&mut self) -> bool {
        let now = Instant::now();
        let since = self.unsaved.map_or(now, |it| it.since);
        self.unsaved = Some(Unsaved { since, again_at: now + SAVE_AGAIN });
        now - since < LONGEST_UNSAVED
    }

    /// Takes one event; gives a cut when the provider gave up without a word.
    async fn take(&mut self, event: AssistantEvent) -> Result<Option<Cut>, Close> {
        if let Some(upstream) = &mut self.upstream {
            upstream.cursor = event.cursor;
        }
        match event.kind {
            AssistantEventKind::Started { provider_id } => {
                self.upstream = Some(Upstream { id: provider_id, cursor: event.cursor });
                // Saved at once: from here on somebody else can take the reply over.
                if let Err(close) = self.save().await {
                    self.disown_upstream().await;
                    return Err(close);
                }
            }
            AssistantEventKind::ToolStarted(tool) => self.live.push(ReplyEvent::ToolStarted(tool)),
            AssistantEventKind::ToolFinished(tool) => {
                self.live.push(ReplyEvent::ToolFinished(tool));
            }
            AssistantEventKind::Retrieved { provider_file_id, text } => {
                self.sources.retrieved(provider_file_id, text);
            }
            AssistantEventKind::Delta(text) => self.say(text).await?,
            AssistantEventKind::Cited { provider_file_id, position, .. } => {
                self.cite(provider_file_id, position).await?;
            }
            AssistantEventKind::Ended { outcome, usage } => {
                self.usage = usage;
                let is_empty = self.live.text().is_empty();
                if outcome == ReplyOutcome::Failed(ReplyFailure::ProviderUnavailable) && is_empty {
                    return Ok(Some(Cut::GaveUp));
                }
                return Err(Close::Ended(outcome));
            }
        }
        Ok(None)
    }

    async fn say(&mut self, text: String) -> Result<(), Close> {
        // Postgres cannot store it, and nobody can read it.
        let text = if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text };
        if self.live.text().len() + text.len() > MAX_TEXT_BYTES {
            self.stop_upstream().await;
            return Err(Close::Ended(ReplyOutcome::Incomplete { reason: "too_long".to_owned() }));
        }
        if self.live.text().is_empty() {
            // From here on nothing is asked for again: no need to hold a whole conversation.
            self.draft = None;
            metrics::histogram!("reply_first_delta_seconds")
                .record(self.begun.elapsed().as_secs_f64());
        }
        self.live.push(ReplyEvent::Delta(text));
        Ok(())
    }

    async fn cite(&mut self, provider_file_id: String, position: i32) -> Result<(), Close> {
        if !self.sources.knows(&provider_file_id) {
            match insist(self.shared.settings.pauses, || self.find_file(&provider_file_id)).await {
                Ok(Some(mut files)) => {
                    let file = files.remove(&provider_file_id);
                    if file.is_none() {
                        tracing::warn!("a reply cites a document that is none of the person's");
                    }
                    self.sources.learn(provider_file_id.clone(), file);
                }
                Ok(None) => return Err(Close::Left),
                Err(error) => {
                    tracing::warn!(error = error_chain(&error), "a citation is lost");
                    return Ok(());
                }
            }
        }
        let cited = self.sources.cite(&provider_file_id, position, self.live.text());
        if let Some(citation) = cited {
            self.live.push(ReplyEvent::Cited(citation));
        }
        Ok(())
    }

    /// Which of the person's files the provider's document is; `None` when the lease is lost.
    async fn find_file(
        &self,
        provider_file_id: &str,
    ) -> Result<Option<HashMap<String, (FileId, String)>>, StoreError> {
        let Some(scope) = self.shared.db.begin_reply(self.job).await? else {
            return Ok(None);
        };
        let files = scope.files_by_provider_id(&[provider_file_id.to_owned()]).await?;
        scope.commit().await?;
        Ok(Some(files))
    }
}

/// However an end is numbered, it is one.
const fn is_end(event: &AssistantEvent) -> bool {
    matches!(event.kind, AssistantEventKind::Ended { .. })
}

/// The end of the save that is under way; else the moment to save: when there is enough, or when the
/// database may be back.
async fn saving(live: &mut ReplyWriter, unsaved: Option<Unsaved>) -> Step {
    if live.is_flushing() {
        return Step::Saved(live.finish_flush().await);
    }
    match unsaved {
        Some(unsaved) => sleep_until(unsaved.again_at).await,
        None => live.due().await,
    }
    Step::Save
}
