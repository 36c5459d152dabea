//! The state of a reply that is being written, and how it is saved.

use std::time::Duration;

use ignacio_domain::response::ReplyOutcome;
use ignacio_domain::usage::Usage;
use ignacio_persistence::{ReplyJob, ReplyWriter, StoreError, SummaryLimit};
use tokio::sync::watch;
use tokio::time::Instant;

use super::citations::CitationSources;
use super::prompt_builder::PromptBuilder;
use super::recovery::RetryBudget;
use crate::context::WorkerContext;
use crate::jobs::{Lease, LeaseStatus};
use crate::settings::WorkerSettings;
use crate::title_bus::TitleSubscription;

/// How long text may wait for the database. Readers in this process see it meanwhile.
pub(super) const MAX_UNSAVED_TIME: Duration = Duration::from_secs(30);
/// The delay before another attempt to save.
pub(super) const SAVE_RETRY_DELAY: Duration = Duration::from_millis(500);

/// The provider's side of a reply.
pub(super) struct Upstream {
    pub(super) id: String,
    /// The number of its last event.
    pub(super) cursor: i64,
}

impl Upstream {
    fn position(&self) -> (&str, i64) {
        (self.id.as_str(), self.cursor)
    }
}

/// Text that could not be saved.
#[derive(Clone, Copy)]
pub(super) struct Unsaved {
    pub(super) since: Instant,
    pub(super) retry_at: Instant,
}

/// Why a run is over.
pub(super) enum RunEnd {
    /// The reply has ended.
    Outcome(ReplyOutcome),
    /// Another worker has the reply, or it was deleted.
    LeaseLost,
    /// The database failed: the reply is left to its lease.
    Store(StoreError),
}

impl From<StoreError> for RunEnd {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Writes one reply.
pub(super) struct ReplyRunner<'r> {
    pub(super) context: &'r WorkerContext,
    pub(super) job: &'r ReplyJob,
    pub(super) writer: ReplyWriter,
    pub(super) lease: &'r Lease,
    pub(super) lease_status: watch::Receiver<LeaseStatus>,
    pub(super) upstream: Option<Upstream>,
    pub(super) retries: RetryBudget<'r>,
    pub(super) sources: CitationSources,
    pub(super) usage: Option<Usage>,
    pub(super) unsaved: Option<Unsaved>,
    pub(super) started_at: Instant,
    pub(super) prompt: Option<PromptBuilder>,
    pub(super) titles: TitleSubscription<'r>,
}

impl<'r> ReplyRunner<'r> {
    pub(super) fn new(
        context: &'r WorkerContext,
        job: &'r ReplyJob,
        mut writer: ReplyWriter,
        lease: &'r Lease,
    ) -> Self {
        writer.set_summary_limit(summary_limit(&context.settings));
        let upstream = job
            .provider_id
            .clone()
            .map(|id| Upstream { id, cursor: job.provider_cursor.unwrap_or_default() });
        Self {
            context,
            job,
            writer,
            lease,
            lease_status: lease.subscribe(),
            upstream,
            retries: RetryBudget::new(&context.backoff),
            sources: CitationSources::default(),
            usage: None,
            unsaved: None,
            started_at: Instant::now(),
            prompt: None,
            titles: context.titles.subscribe(job.conversation),
        }
    }

    pub(super) fn deadline(&self) -> Instant {
        self.started_at + self.context.settings.reply_deadline
    }

    /// Starts to save what is unsaved. The reply continues meanwhile: text does not wait for the
    /// database.
    pub(super) fn begin_save(&mut self) -> Result<(), RunEnd> {
        Ok(self.writer.start_flush(self.upstream.as_ref().map(Upstream::position))?)
    }

    /// Saves what is unsaved, unless the database is unavailable for a moment.
    pub(super) async fn save(&mut self) -> Result<(), RunEnd> {
        let saved = self.writer.flush(self.upstream.as_ref().map(Upstream::position)).await;
        self.handle_saved(saved)
    }

    pub(super) fn handle_saved(&mut self, saved: Result<bool, StoreError>) -> Result<(), RunEnd> {
        match saved {
            Ok(true) => {
                self.unsaved = None;
                self.lease.mark_extended();
                self.wake_follow_ups();
                Ok(())
            }
            Ok(false) => Err(RunEnd::LeaseLost),
            Err(StoreError::Unavailable(_)) if self.may_wait() => {
                tracing::debug!("text waits for the database");
                Ok(())
            }
            Err(error) => Err(RunEnd::Store(error)),
        }
    }

    /// Whether unsaved text may wait longer; if so, schedules the next save.
    fn may_wait(&mut self) -> bool {
        let now = Instant::now();
        let since = self.unsaved.map_or(now, |it| it.since);
        self.unsaved = Some(Unsaved { since, retry_at: now + SAVE_RETRY_DELAY });
        now - since < MAX_UNSAVED_TIME
    }

    /// Wakes the processor of follow-up jobs when this reply has enqueued some.
    pub(super) fn wake_follow_ups(&mut self) {
        if self.writer.take_enqueued() {
            self.context.follow_up_queue.wakeup.notify_one();
        }
    }
}

/// Half of what fits into a prompt: beyond that the older part is summarized, so that the summary
/// exists before it is needed.
fn summary_limit(settings: &WorkerSettings) -> SummaryLimit {
    SummaryLimit {
        bytes: i64::try_from(settings.history_bytes() / 2).unwrap_or(i64::MAX),
        messages: i64::from(settings.history_messages / 2),
    }
}
