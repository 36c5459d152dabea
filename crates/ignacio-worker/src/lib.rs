//! Everything that Ignacio does in the background: sends codes and notices, writes replies and does
//! what they give reason to, brings files to the provider's library and takes them out again,
//! watches over logins and cleans up.
//!
//! A [`Worker`] holds no state of its own: the rows of the database are its queues, each job is
//! leased and fenced, and any worker may die at any moment without a job being lost. Every step of
//! every job may run twice. The outside comes in as the ports of `ignacio_domain`; no transaction
//! is open while one of them is called.
//!
//! Each kind of work is a `Queue` (see `queue.rs`), which tells how to claim and how to work; the
//! loop around it is the same for all.

mod chores;
mod codes;
mod file_sync;
mod job;
mod objects;
mod pseudonym;
mod purge;
mod queue;
mod reply;
mod reports;
mod settings;
mod titles;
mod upkeep;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ignacio_domain::delivery::WebhookParser;
use ignacio_domain::ports::{Assistant, Messenger, ObjectStore, VectorStore};
use ignacio_persistence::{ReplyHub, StoreError, WorkerDb};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::chores::FollowUps;
use self::codes::Codes;
use self::file_sync::FileSync;
use self::purge::{DeletedFiles, Leftovers};
use self::queue::{Queue as _, Stop};
use self::reply::Replies;
use self::reports::Reports;
use self::titles::Titles;
use self::upkeep::Upkeep;

pub use self::settings::{Pauses, REPLIES_AT_ONCE, WorkerSettings};

/// How long dropped work may take to give its leases back.
const GIVING_BACK: Duration = Duration::from_secs(3);

/// The outside, as the worker uses it.
#[derive(Clone)]
pub struct Ports {
    /// The model.
    pub assistant: Arc<dyn Assistant>,
    /// The provider's library.
    pub library: Arc<dyn VectorStore>,
    /// Where files are kept.
    pub objects: Arc<dyn ObjectStore>,
    /// Sends one-time codes and notices.
    pub messenger: Arc<dyn Messenger>,
    /// Reads what the messenger's webhooks say.
    pub parse_webhook: WebhookParser,
}

impl fmt::Debug for Ports {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Ports(…)")
    }
}

/// What all kinds of work have in common.
pub(crate) struct Shared {
    pub(crate) settings: WorkerSettings,
    pub(crate) db: WorkerDb,
    pub(crate) ports: Ports,
    /// Who wants to know what a conversation is called.
    pub(crate) titles: Titles,
    /// Rung when a reply has asked for something to be done beside it.
    pub(crate) chores_bell: Notify,
}

/// Does the service's work in the background. Any number of them may share a database.
pub struct Worker {
    shared: Arc<Shared>,
    live: Option<ReplyHub>,
    codes: Arc<Codes>,
    reports: Arc<Reports>,
    replies: Arc<Replies>,
    chores: Arc<FollowUps>,
    file_sync: Arc<FileSync>,
    deleted_files: Arc<DeletedFiles>,
    leftovers: Arc<Leftovers>,
    upkeep: Arc<Upkeep>,
}

impl Worker {
    /// A worker that has not begun. `live` is given when the API runs in the same process: its
    /// calls wake the worker at once, and the replies asked for here are preferred, or stopped.
    pub fn new(
        settings: WorkerSettings,
        db: WorkerDb,
        live: Option<ReplyHub>,
        ports: Ports,
    ) -> Self {
        let shared = Arc::new(Shared {
            settings,
            db,
            ports,
            titles: Titles::default(),
            chores_bell: Notify::new(),
        });
        Self {
            live,
            codes: Arc::new(Codes::new(Arc::clone(&shared))),
            reports: Arc::new(Reports::new(Arc::clone(&shared))),
            replies: Arc::new(Replies::new(Arc::clone(&shared))),
            chores: Arc::new(FollowUps::new(Arc::clone(&shared))),
            file_sync: Arc::new(FileSync::new(Arc::clone(&shared))),
            deleted_files: Arc::new(DeletedFiles::new(Arc::clone(&shared))),
            leftovers: Arc::new(Leftovers::new(Arc::clone(&shared))),
            upkeep: Arc::new(Upkeep::new(Arc::clone(&shared))),
            shared,
        }
    }

    /// Works until `stop` is cancelled, then takes no new work, lets what runs come to its end for
    /// [`WorkerSettings::stop_grace`], and gives the rest back. Dropping the future stops at once.
    pub async fn run(&self, stop: CancellationToken) {
        let stop = Stop::when(stop);
        let _dropped = stop.now.clone().drop_guard();
        tokio::select! {
            () = Box::pin(self.serve(&stop)) => {}
            never = self.replies.hear_wishes() => match never {},
        }
    }

    async fn serve(&self, stop: &Stop) {
        let tracker = TaskTracker::new();
        tokio::join!(
            queue::serve(Arc::clone(&self.codes), stop.clone(), tracker.clone()),
            queue::serve(Arc::clone(&self.reports), stop.clone(), tracker.clone()),
            queue::serve(Arc::clone(&self.replies), stop.clone(), tracker.clone()),
            queue::serve(Arc::clone(&self.chores), stop.clone(), tracker.clone()),
            queue::serve(Arc::clone(&self.file_sync), stop.clone(), tracker.clone()),
            queue::serve(Arc::clone(&self.deleted_files), stop.clone(), tracker.clone()),
            queue::serve(Arc::clone(&self.leftovers), stop.clone(), tracker.clone()),
            queue::serve(Arc::clone(&self.upkeep), stop.clone(), tracker.clone()),
            stop.soon.run_until_cancelled(self.listen()),
        );
        tracker.close();
        let n_running = tracker.len();
        if tokio::time::timeout(self.shared.settings.stop_grace, tracker.wait()).await.is_err() {
            tracing::warn!(n_running = tracker.len(), "work is given back, the process ends");
            stop.now.cancel();
            // Who does not manage even that has leases that run out by themselves.
            let _ = tokio::time::timeout(GIVING_BACK, tracker.wait()).await;
        }
        tracing::info!(n_running, "the worker has stopped");
    }

    /// Runs everything that is due, and what becomes due by that, until nothing is left. For
    /// tests; a job whose next try lies in the future is not waited for.
    pub async fn drain(&self) -> Result<(), StoreError> {
        tokio::select! {
            done = self.do_what_is_due() => done,
            never = self.replies.hear_wishes() => match never {},
        }
    }

    async fn do_what_is_due(&self) -> Result<(), StoreError> {
        loop {
            let n_done = queue::drain(&*self.codes).await?
                + queue::drain(&*self.reports).await?
                + queue::drain(&*self.file_sync).await?
                + queue::drain(&*self.replies).await?
                + queue::drain(&*self.chores).await?
                + queue::drain(&*self.deleted_files).await?
                + queue::drain(&*self.leftovers).await?
                + queue::drain(&*self.upkeep).await?;
            if n_done == 0 {
                return Ok(());
            }
        }
    }

    /// Passes on what the API of this process calls for.
    async fn listen(&self) {
        let Some(live) = &self.live else { return };
        loop {
            tokio::select! {
                response = live.next_enqueued() => self.replies.prefer(response),
                response = live.next_cancelled() => self.replies.cancel(response),
                () = live.woken() => {
                    self.codes.bell().notify_one();
                    self.reports.bell().notify_one();
                    self.file_sync.bell().notify_one();
                    self.deleted_files.bell().notify_one();
                    self.leftovers.bell().notify_one();
                }
            }
        }
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Worker").field("settings", &self.shared.settings).finish_non_exhaustive()
    }
}
