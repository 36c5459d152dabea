//! One reply, from the request to its end.

use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt as _;
use ignacio_domain::error_chain;
use ignacio_domain::ports::{AssistantError, AssistantEventKind, PortError, ReplyStream};
use ignacio_domain::reply::ReplyEvent;
use ignacio_domain::response::{ReplyFailure, ReplyOutcome};
use ignacio_domain::usage::{Usage, UsageCost};
use ignacio_persistence::{LeaseExtension, ReplyJob, ReplyWriter, StoreError};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::beside::summary_limit;
use super::draft::{Draft, model_of};
use super::plan::{Cut, Plan, Standing, Tries};
use super::pulse::{Interrupt, Pulse, guarded};
use super::running::Entry;
use super::sources::Sources;
use crate::Shared;
use crate::job::insist;
use crate::titles::Ear;

/// How long the provider may take to stop a reply.
const STOPPING: Duration = Duration::from_secs(5);
/// How long a stopped reply is listened to for what it took.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// How long text may wait for the database. The reply goes on meanwhile for who reads in this
/// process.
pub(super) const LONGEST_UNSAVED: Duration = Duration::from_secs(30);
/// The pause before it is tried again.
pub(super) const SAVE_AGAIN: Duration = Duration::from_millis(500);

/// Before the first event.
const FROM_THE_START: i64 = -1;

/// The provider's side of a reply.
pub(super) struct Upstream {
    /// Its id there.
    pub(super) id: String,
    /// The number of the last event that came of it.
    pub(super) cursor: i64,
}

impl Upstream {
    /// What is saved of it.
    pub(super) fn noted(&self) -> (&str, i64) {
        (self.id.as_str(), self.cursor)
    }
}

/// Text that could not be saved.
#[derive(Clone, Copy)]
pub(super) struct Unsaved {
    /// Since when.
    pub(super) since: Instant,
    /// When to try again.
    pub(super) again_at: Instant,
}

/// Why a writer is done.
pub(super) enum Close {
    /// The reply has its end.
    Ended(ReplyOutcome),
    /// The reply is somebody else's now, or deleted.
    Left,
    /// The database failed: the reply is left to its lease.
    Broken(StoreError),
}

impl From<StoreError> for Close {
    fn from(error: StoreError) -> Self {
        Self::Broken(error)
    }
}

/// Writes one reply.
pub(super) struct Writer<'w> {
    pub(super) shared: &'w Shared,
    pub(super) job: &'w ReplyJob,
    pub(super) live: ReplyWriter,
    pub(super) running: &'w Entry<'w>,
    pub(super) pulse: watch::Receiver<Pulse>,
    pub(super) upstream: Option<Upstream>,
    pub(super) tries: Tries,
    pub(super) sources: Sources,
    pub(super) usage: Option<Usage>,
    /// Text that waits for the database to come back.
    pub(super) unsaved: Option<Unsaved>,
    pub(super) begun: Instant,
    pub(super) draft: Option<Draft>,
    /// Where the conversation's title is heard of.
    pub(super) titled: Ear<'w>,
}

impl<'w> Writer<'w> {
    pub(super) fn new(
        shared: &'w Shared,
        job: &'w ReplyJob,
        mut live: ReplyWriter,
        running: &'w Entry<'w>,
    ) -> Self {
        live.set_summary_limit(summary_limit(&shared.settings));
        let upstream = job
            .provider_id
            .clone()
            .map(|id| Upstream { id, cursor: job.provider_cursor.unwrap_or_default() });
        Self {
            shared,
            job,
            live,
            running,
            pulse: running.pulse(),
            upstream,
            tries: Tries::default(),
            sources: Sources::default(),
            usage: None,
            unsaved: None,
            begun: Instant::now(),
            draft: None,
            titled: shared.titles.listen(job.conversation),
        }
    }

    /// Brings the reply to an end, whatever that is.
    pub(super) async fn write(mut self) -> Result<(), StoreError> {
        match self.make().await {
            Close::Ended(outcome) => self.end(outcome).await,
            Close::Broken(error) => Err(error),
            Close::Left => {
                tracing::info!("the reply is somebody else's now");
                Ok(())
            }
        }
    }

    /// Stores the reply as it is, with how it ended.
    pub(super) async fn end(mut self, outcome: ReplyOutcome) -> Result<(), StoreError> {
        self.learn_usage(&outcome).await;
        if let Some(usage) = self.usage {
            self.live.push(ReplyEvent::Used(usage));
        }
        let state = outcome.state().as_str();
        if self.store_end(&outcome).await? {
            self.ring();
            tracing::info!(outcome = state, "a reply has ended");
            metrics::counter!("replies_total", "outcome" => state).increment(1);
        }
        Ok(())
    }

    /// Stores the end, and waits for the database if it is away; false when the lease is lost.
    async fn store_end(&mut self, outcome: &ReplyOutcome) -> Result<bool, StoreError> {
        let since = Instant::now();
        let spent = self.spent();
        loop {
            match self.live.end(outcome.clone(), spent).await {
                Err(StoreError::Unavailable(_)) if since.elapsed() < LONGEST_UNSAVED => {
                    sleep(SAVE_AGAIN).await;
                }
                ended => return ended,
            }
        }
    }

    /// What the provider says that it took. A reply that it was asked for and that it did not count
    /// costs what was reserved.
    fn spent(&self) -> UsageCost {
        match (self.usage, &self.upstream) {
            (Some(usage), _) => {
                let model = model_of(self.shared, self.job);
                UsageCost::Known {
                    usage,
                    cost_micro_usd: self.shared.settings.models.cost(model, usage),
                }
            }
            (None, Some(_)) => UsageCost::Unknown,
            (None, None) => UsageCost::Nothing,
        }
    }

    pub(super) fn deadline(&self) -> Instant {
        self.begun + self.shared.settings.reply_deadline
    }

    async fn make(&mut self) -> Close {
        let mut plan = match (&self.upstream, self.live.text().is_empty()) {
            (Some(_), _) => Plan::Resume(Duration::ZERO),
            (None, true) => Plan::Start(Duration::ZERO),
            // Its first worker died, and what it had begun cannot be found again.
            (None, false) => Plan::Fail(ReplyFailure::Interrupted),
        };
        loop {
            let cut = match self.carry_out(plan).await {
                Ok(cut) => cut,
                Err(close) => return close,
            };
            let standing = Standing {
                is_known: self.upstream.is_some(),
                has_text: !self.live.text().is_empty(),
            };
            tell(&cut);
            plan = self.tries.plan(&cut, standing, self.shared.settings.pauses);
        }
    }

    /// Does what is planned until the stream is cut once more.
    async fn carry_out(&mut self, plan: Plan) -> Result<Cut, Close> {
        let opened = match plan {
            Plan::Fail(failure) => {
                self.stop_upstream().await;
                return Err(Close::Ended(ReplyOutcome::Failed(failure)));
            }
            Plan::StartWhole => {
                if !self.draft().await?.forget_state() {
                    return Err(Close::Ended(ReplyOutcome::Failed(ReplyFailure::ProviderRejected)));
                }
                self.start().await?
            }
            Plan::Start(pause) => {
                self.rest(pause).await?;
                self.start().await?
            }
            Plan::Resume(pause) => {
                self.rest(pause).await?;
                self.resume().await?
            }
        };
        match opened {
            Ok(stream) => self.follow(stream).await,
            Err(cut) => Ok(cut),
        }
    }

    async fn start(&mut self) -> Result<Result<ReplyStream, Cut>, Close> {
        if self.draft.is_some() {
            self.still_wanted().await?;
        }
        let shared = self.shared;
        let prompt = self.ready_draft().await?.prompt(shared).await;
        self.disown_upstream().await;
        let opening = self.shared.ports.assistant.start(prompt);
        self.open(opening).await
    }

    /// Asks whether the reply is still there, before it is asked for once more: one that was
    /// deleted is gone upstream too, which looks like a failure there.
    async fn still_wanted(&self) -> Result<(), Close> {
        match self.shared.db.reply_jobs().extend(self.job).await? {
            LeaseExtension::Held { .. } => Ok(()),
            LeaseExtension::Lost => Err(Close::Left),
        }
    }

    /// Follows from the very first event, although the log goes further: what the searches found
    /// and where each part of the text begins is told there and nowhere else.
    async fn resume(&mut self) -> Result<Result<ReplyStream, Cut>, Close> {
        let Some(Upstream { id, .. }) = &self.upstream else { return Ok(Err(Cut::Closed)) };
        let id = id.clone();
        let opening = self.shared.ports.assistant.resume(&id, FROM_THE_START);
        self.open(opening).await
    }

    async fn open(
        &mut self,
        opening: impl Future<Output = Result<ReplyStream, AssistantError>>,
    ) -> Result<Result<ReplyStream, Cut>, Close> {
        let mut opening = pin!(timeout(self.shared.settings.idle, opening));
        let deadline = self.deadline();
        match guarded(&mut self.pulse, deadline, &mut opening).await {
            Ok(Ok(Ok(stream))) => Ok(Ok(stream)),
            Ok(Ok(Err(error))) => Ok(Err(Cut::Failed(error))),
            Ok(Err(_)) => Ok(Err(Cut::Idle)),
            // The provider may have taken the request: only its answer says what to stop.
            Err(interrupt) if self.upstream.is_none() => {
                let stream = timeout(STOPPING, opening).await.ok().and_then(Result::ok);
                Err(self.interrupted(interrupt, stream.and_then(Result::ok)).await)
            }
            Err(interrupt) => Err(self.interrupted(interrupt, None).await),
        }
    }

    pub(super) async fn rest(&mut self, pause: Duration) -> Result<(), Close> {
        let deadline = self.deadline();
        match guarded(&mut self.pulse, deadline, sleep(pause)).await {
            Ok(()) => Ok(()),
            Err(interrupt) => Err(self.interrupted(interrupt, None).await),
        }
    }

    pub(super) async fn draft(&mut self) -> Result<&mut Draft, Close> {
        let (shared, job) = (self.shared, self.job);
        let mut draft = self.draft.take();
        if draft.is_none() {
            draft = match insist(shared.settings.pauses, || Draft::read(shared, job)).await {
                Ok(draft) => draft,
                Err(error @ StoreError::Unavailable(_)) => return Err(Close::Broken(error)),
                Err(error) => {
                    tracing::error!(
                        error = error_chain(&error),
                        "a reply's history cannot be read"
                    );
                    return Err(Close::Ended(ReplyOutcome::Failed(ReplyFailure::Internal)));
                }
            };
        }
        // Without one the lease is lost.
        Ok(self.draft.insert(draft.ok_or(Close::Left)?))
    }

    /// Ends an interrupted reply as the interruption asks for.
    pub(super) async fn interrupted(
        &mut self,
        interrupt: Interrupt,
        mut stream: Option<ReplyStream>,
    ) -> Close {
        if self.upstream.is_none()
            && let Some(stream) = &mut stream
        {
            self.upstream = timeout(LAST_WORDS, beginning_of(stream)).await.ok().flatten();
            if interrupt == Interrupt::Lost {
                // No row names it, and none will.
                self.disown_upstream().await;
            }
        }
        let outcome = match interrupt {
            Interrupt::Lost => return Close::Left,
            Interrupt::CancelRequested => ReplyOutcome::Cancelled,
            Interrupt::Deadline => ReplyOutcome::Failed(ReplyFailure::TimedOut),
        };
        self.stop_upstream().await;
        if let Some(stream) = stream {
            self.usage = timeout(LAST_WORDS, usage_of(stream)).await.ok().flatten();
        }
        Close::Ended(outcome)
    }

    /// Gives up an upstream reply that no row will name: nobody else could stop or delete it.
    pub(super) async fn disown_upstream(&mut self) {
        self.stop_upstream().await;
        let Some(upstream) = self.upstream.take() else { return };
        match timeout(STOPPING, self.shared.ports.assistant.delete_response(&upstream.id)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "a reply could not be deleted upstream"),
            Err(_) => tracing::warn!("a reply could not be deleted upstream in time"),
        }
    }

    /// Asks the provider to stop: what nobody reads should not be paid for.
    pub(super) async fn stop_upstream(&self) {
        let Some(upstream) = &self.upstream else { return };
        match timeout(STOPPING, self.shared.ports.assistant.cancel(&upstream.id)).await {
            Ok(Ok(()) | Err(PortError::NotFound)) => {}
            Ok(Err(error)) => tracing::warn!(%error, "a reply could not be stopped upstream"),
            Err(_) => tracing::warn!("a reply could not be stopped upstream in time"),
        }
    }
}

/// What a stream tells first: the provider's id.
async fn beginning_of(stream: &mut ReplyStream) -> Option<Upstream> {
    while let Some(Ok(event)) = stream.next().await {
        if let AssistantEventKind::Started { provider_id } = event.kind {
            return Some(Upstream { id: provider_id, cursor: event.cursor });
        }
    }
    None
}

/// What the rest of a stopped stream says that the reply took.
async fn usage_of(mut stream: ReplyStream) -> Option<Usage> {
    while let Some(Ok(event)) = stream.next().await {
        if let AssistantEventKind::Ended { usage, .. } = event.kind {
            return usage;
        }
    }
    None
}

fn tell(cut: &Cut) {
    match cut {
        Cut::Failed(AssistantError::Port(error @ PortError::Misconfigured { .. })) => {
            tracing::error!(%error, "replies cannot be had");
        }
        Cut::Failed(error) => tracing::warn!(%error, "a reply was cut"),
        Cut::Closed | Cut::Idle | Cut::GaveUp => tracing::warn!(?cut, "a reply was cut"),
    }
}
