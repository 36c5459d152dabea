//! All job processors of a process, started and stopped together.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ignacio_persistence::{ReplyHub, StoreError, WorkerDb};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::context::{Ports, WorkerContext};
use crate::delivery_reports::DeliveryReports;
use crate::file_sync::FileSync;
use crate::follow_up_jobs::FollowUps;
use crate::jobs::{JobProcessor as _, Shutdown, drain, serve};
use crate::maintenance::Maintenance;
use crate::outbox::OutboxSender;
use crate::purge::{ExternalCleanup, FilePurge};
use crate::replies::Replies;
use crate::settings::WorkerSettings;

/// How long aborted jobs may take to release their leases.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(3);

/// Does the service's background work. Any number of workers may share a database.
pub struct Worker {
    context: Arc<WorkerContext>,
    hub: Option<ReplyHub>,
    outbox: Arc<OutboxSender>,
    delivery_reports: Arc<DeliveryReports>,
    replies: Arc<Replies>,
    follow_ups: Arc<FollowUps>,
    file_sync: Arc<FileSync>,
    file_purge: Arc<FilePurge>,
    external_cleanup: Arc<ExternalCleanup>,
    maintenance: Arc<Maintenance>,
}

impl Worker {
    /// Creates a worker that has not started. Pass a `hub` if the API runs in the same process: the
    /// API can then wake the worker, which claims and cancels replies of this process first.
    pub fn new(
        settings: WorkerSettings,
        db: WorkerDb,
        hub: Option<ReplyHub>,
        ports: Ports,
    ) -> Self {
        let context = Arc::new(WorkerContext::new(settings, db, ports));
        Self {
            hub,
            outbox: Arc::new(OutboxSender::new(Arc::clone(&context))),
            delivery_reports: Arc::new(DeliveryReports::new(Arc::clone(&context))),
            replies: Arc::new(Replies::new(Arc::clone(&context))),
            follow_ups: Arc::new(FollowUps::new(Arc::clone(&context))),
            file_sync: Arc::new(FileSync::new(Arc::clone(&context))),
            file_purge: Arc::new(FilePurge::new(Arc::clone(&context))),
            external_cleanup: Arc::new(ExternalCleanup::new(Arc::clone(&context))),
            maintenance: Arc::new(Maintenance::new(Arc::clone(&context))),
            context,
        }
    }

    /// Works until `stop` is cancelled, then claims no new jobs, lets running ones finish for
    /// [`WorkerSettings::shutdown_grace`], and releases the rest. Dropping the future aborts them
    /// immediately.
    pub async fn run(&self, stop: CancellationToken) {
        let shutdown = Shutdown::when(stop);
        let _abort_on_drop = shutdown.abort.clone().drop_guard();
        tokio::select! {
            () = Box::pin(self.serve(&shutdown)) => {}
            never = self.replies.poll_cancellations() => match never {},
        }
    }

    async fn serve(&self, shutdown: &Shutdown) {
        let tracker = TaskTracker::new();
        tokio::join!(
            serve(Arc::clone(&self.outbox), shutdown.clone(), tracker.clone()),
            serve(Arc::clone(&self.delivery_reports), shutdown.clone(), tracker.clone()),
            serve(Arc::clone(&self.replies), shutdown.clone(), tracker.clone()),
            serve(Arc::clone(&self.follow_ups), shutdown.clone(), tracker.clone()),
            serve(Arc::clone(&self.file_sync), shutdown.clone(), tracker.clone()),
            serve(Arc::clone(&self.file_purge), shutdown.clone(), tracker.clone()),
            serve(Arc::clone(&self.external_cleanup), shutdown.clone(), tracker.clone()),
            serve(Arc::clone(&self.maintenance), shutdown.clone(), tracker.clone()),
            shutdown.drain.run_until_cancelled(self.follow_hub()),
        );
        tracker.close();
        let n_running = tracker.len();
        let grace = self.context.settings.shutdown_grace;
        if tokio::time::timeout(grace, tracker.wait()).await.is_err() {
            tracing::warn!(n_running = tracker.len(), "running jobs are aborted and released");
            shutdown.abort.cancel();
            // The leases of jobs that are not released in time expire by themselves.
            let _ = tokio::time::timeout(RELEASE_TIMEOUT, tracker.wait()).await;
        }
        tracing::info!(n_running, "the worker has stopped");
    }

    /// Runs every job that is due, and every job that becomes due as a result, until none is left.
    /// For tests; a job that is due in the future is not waited for.
    pub async fn drain(&self) -> Result<(), StoreError> {
        tokio::select! {
            done = self.drain_all() => done,
            never = self.replies.poll_cancellations() => match never {},
        }
    }

    async fn drain_all(&self) -> Result<(), StoreError> {
        loop {
            let n_jobs = drain(&*self.outbox).await?
                + drain(&*self.delivery_reports).await?
                + drain(&*self.file_sync).await?
                + drain(&*self.replies).await?
                + drain(&*self.follow_ups).await?
                + drain(&*self.file_purge).await?
                + drain(&*self.external_cleanup).await?
                + drain(&*self.maintenance).await?;
            if n_jobs == 0 {
                return Ok(());
            }
        }
    }

    /// Handles what the API of this process sends through the hub.
    async fn follow_hub(&self) {
        let Some(hub) = &self.hub else { return };
        loop {
            tokio::select! {
                response = hub.next_enqueued() => self.replies.enqueue_local(response),
                response = hub.next_cancelled() => self.replies.cancel(response),
                () = hub.woken() => {
                    self.outbox.queue().wakeup.notify_one();
                    self.delivery_reports.queue().wakeup.notify_one();
                    self.file_sync.queue().wakeup.notify_one();
                    self.file_purge.queue().wakeup.notify_one();
                    self.external_cleanup.queue().wakeup.notify_one();
                }
            }
        }
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Worker").field("settings", &self.context.settings).finish_non_exhaustive()
    }
}
