//! What a writer does beside passing text on: it waits for documents, tells titles, rings for
//! chores, and learns what a reply took that was stopped or cut.

use std::time::Duration;

use ignacio_domain::reply::ReplyEvent;
use ignacio_domain::response::ReplyOutcome;
use ignacio_persistence::SummaryLimit;
use tokio::time::{Instant, timeout};

use super::draft::Draft;
use super::writer::{Close, Writer};
use crate::settings::WorkerSettings;

/// How long a reply waits for documents that came with its question.
const FILE_PATIENCE: Duration = Duration::from_secs(8);
/// How often it looks.
const FILE_POLL: Duration = Duration::from_millis(500);
/// How long the provider may take to tell what a reply took.
const USAGE_PATIENCE: Duration = Duration::from_secs(3);

impl Writer<'_> {
    /// The draft, once the documents that came with the question can be searched; the readers are
    /// told of those that take longer.
    pub(super) async fn ready_draft(&mut self) -> Result<&mut Draft, Close> {
        let until = Instant::now() + self.shared.settings.pauses.of(FILE_PATIENCE);
        while !self.draft().await?.pending().is_empty() && Instant::now() < until {
            self.rest(FILE_POLL).await?;
            self.draft = None;
        }
        for (file, name) in self.draft().await?.take_pending() {
            let event = ReplyEvent::FilePending { file, name };
            // An earlier worker may have told it.
            if !self.live.has_event(&event) {
                self.live.push(event);
            }
        }
        self.draft().await
    }

    /// Wakes who does chores, when there are new ones.
    pub(super) fn ring(&mut self) {
        if self.live.take_enqueued() {
            self.shared.chores_bell.notify_one();
        }
    }

    /// Asks the provider what a reply took that ended without its stream having said so.
    pub(super) async fn learn_usage(&mut self, outcome: &ReplyOutcome) {
        let Some(upstream) = &self.upstream else { return };
        if self.usage.is_some() || *outcome == ReplyOutcome::Completed {
            return;
        }
        match timeout(USAGE_PATIENCE, self.shared.ports.assistant.fetch_usage(&upstream.id)).await {
            Ok(Ok(usage)) => self.usage = usage,
            Ok(Err(error)) => tracing::warn!(%error, "nobody knows what a reply took"),
            Err(_) => tracing::warn!("nobody said in time what a reply took"),
        }
    }
}

/// From half of what can be told on, the older part is summed up, so that a summary is there before
/// it is needed.
pub(super) fn summary_limit(settings: &WorkerSettings) -> SummaryLimit {
    SummaryLimit {
        bytes: i64::try_from(settings.history_bytes() / 2).unwrap_or(i64::MAX),
        messages: i64::from(settings.history_messages / 2),
    }
}
