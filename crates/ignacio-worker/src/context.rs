//! What all job processors share.

use std::fmt;
use std::sync::Arc;

use ignacio_domain::delivery::WebhookParser;
use ignacio_domain::ports::{Assistant, Messenger, ObjectStore, VectorStore};
use ignacio_persistence::WorkerDb;

use crate::jobs::{Backoff, JobQueue};
use crate::settings::WorkerSettings;
use crate::title_bus::TitleBus;

/// The outside world, as the worker uses it.
#[derive(Clone)]
pub struct Ports {
    /// The model.
    pub assistant: Arc<dyn Assistant>,
    /// The provider's index of files.
    pub vector_store: Arc<dyn VectorStore>,
    /// Where files are stored.
    pub objects: Arc<dyn ObjectStore>,
    /// Sends one-time codes and notices.
    pub messenger: Arc<dyn Messenger>,
    /// Parses the messenger's webhooks.
    pub parse_webhook: WebhookParser,
}

impl fmt::Debug for Ports {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Ports(…)")
    }
}

/// What all job processors share.
pub(crate) struct WorkerContext {
    pub(crate) settings: WorkerSettings,
    pub(crate) db: WorkerDb,
    pub(crate) ports: Ports,
    pub(crate) backoff: Backoff,
    /// Passes new titles to the replies of their conversations.
    pub(crate) titles: TitleBus,
    /// Woken by replies that have enqueued follow-up jobs.
    pub(crate) follow_up_queue: JobQueue,
}

impl WorkerContext {
    pub(crate) fn new(settings: WorkerSettings, db: WorkerDb, ports: Ports) -> Self {
        Self {
            backoff: Backoff { clock: settings.clock },
            follow_up_queue: JobQueue::new("follow_up_jobs", settings.follow_up_concurrency),
            settings,
            db,
            ports,
            titles: TitleBus::default(),
        }
    }
}
