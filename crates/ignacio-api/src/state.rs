//! The dependencies of handlers: database, object store, keys, limits.

use std::sync::Arc;

use actix_web::dev::ServiceRequest;
use actix_web::web;
use ignacio_domain::ids::ResponseId;
use ignacio_domain::ports::ObjectStore;
use ignacio_persistence::{AdminDb, ApiDb, ReplyHub};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth::Origins;
use crate::cursor::Cursors;
use crate::problem::ApiError;
use crate::settings::ApiSettings;

/// Connections to the database, one per database role.
pub struct Databases {
    /// For the routes of every user.
    pub api: ApiDb,
    /// For the routes of admins.
    pub admin: AdminDb,
}

/// The dependencies of handlers, built once and shared by all HTTP workers.
pub struct AppState {
    pub(crate) db: ApiDb,
    pub(crate) admin_db: AdminDb,
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) settings: ApiSettings,
    pub(crate) cursors: Cursors,
    pub(crate) origins: Origins,
    /// Cancelled when the server starts to shut down.
    pub(crate) stop: CancellationToken,
    uploads: Arc<Semaphore>,
    reply_hub: Option<ReplyHub>,
    tasks: TaskTracker,
    /// The runtime that outlives the HTTP workers.
    runtime: Handle,
}

impl AppState {
    /// Collects the dependencies. Must be called within the runtime that outlives the HTTP workers;
    /// the process waits for `tasks` before it exits.
    pub fn new(
        settings: ApiSettings,
        databases: Databases,
        reply_hub: Option<ReplyHub>,
        store: Arc<dyn ObjectStore>,
        stop: CancellationToken,
        tasks: TaskTracker,
    ) -> Self {
        Self {
            db: databases.api,
            admin_db: databases.admin,
            store,
            cursors: Cursors::new(settings.keys.cursor.clone()),
            origins: Origins::new(settings.allowed_origins.clone()),
            stop,
            uploads: Arc::new(Semaphore::new(settings.max_concurrent_uploads)),
            reply_hub,
            tasks,
            runtime: Handle::current(),
            settings,
        }
    }

    /// The state of the application that serves a request.
    pub(crate) fn of(request: &ServiceRequest) -> Result<&Self, ApiError> {
        request
            .app_data::<web::Data<Self>>()
            .map(|data| &***data)
            .ok_or_else(|| ApiError::internal("the application has no state"))
    }

    /// Offers a new response to the worker of this process, if it has one.
    pub(crate) fn enqueue_local(&self, response: ResponseId) {
        if let Some(hub) = &self.reply_hub {
            hub.enqueue(response);
        }
    }

    /// Cancels a response in the worker of this process, if it has one.
    pub(crate) fn cancel_local(&self, response: ResponseId) {
        if let Some(hub) = &self.reply_hub {
            hub.cancel(response);
        }
    }

    /// Tells the worker of this process, if it has one, to look for jobs.
    pub(crate) fn wake_worker(&self) {
        if let Some(hub) = &self.reply_hub {
            hub.wake_worker();
        }
    }

    /// A permit for one of the concurrent uploads.
    pub(crate) fn acquire_upload_permit(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        Arc::clone(&self.uploads).try_acquire_owned().ok().ok_or(ApiError::Busy)
    }

    /// Spawns work that must finish even if the client disconnects.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.tasks.spawn_on(work, &self.runtime)
    }
}
