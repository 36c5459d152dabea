//! What every request needs: the database, the store, the keys, the limits.

use std::sync::Arc;

use actix_web::dev::ServiceRequest;
use actix_web::web;
use bytes::Bytes;
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
use crate::openapi;
use crate::problem::ApiError;
use crate::settings::ApiSettings;
use crate::surface::Surface;

/// The database, as the roles that requests come to it with.
pub struct Databases {
    /// For everybody's routes.
    pub api: ApiDb,
    /// For the staff's.
    pub admin: AdminDb,
}

/// The parts that handlers work with; made once, shared by all workers.
pub struct AppState {
    pub(crate) db: ApiDb,
    pub(crate) admin_db: AdminDb,
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) settings: ApiSettings,
    pub(crate) cursors: Cursors,
    pub(crate) origins: Origins,
    pub(crate) surface: Surface,
    /// The OpenAPI document as it is served.
    pub(crate) document: Bytes,
    /// Cancelled when the server begins to stop.
    pub(crate) stop: CancellationToken,
    uploads: Arc<Semaphore>,
    live: Option<ReplyHub>,
    tasks: TaskTracker,
    /// The runtime that outlives the HTTP workers: tasks that must finish run on it.
    runtime: Handle,
}

impl AppState {
    /// Puts the parts together. Must be called within the runtime that will still run when the
    /// HTTP workers have stopped; `tasks` is waited for before the process ends.
    pub fn new(
        settings: ApiSettings,
        databases: Databases,
        live: Option<ReplyHub>,
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
            surface: Surface::of(&openapi::document()),
            document: Bytes::from(openapi::document_json()),
            stop,
            uploads: Arc::new(Semaphore::new(settings.uploads_at_once)),
            live,
            tasks,
            runtime: Handle::current(),
            settings,
        }
    }

    /// The state behind a request.
    pub(crate) fn of(request: &ServiceRequest) -> Result<&Self, ApiError> {
        request
            .app_data::<web::Data<Self>>()
            .map(|data| &***data)
            .ok_or_else(|| ApiError::internal("the application has no state"))
    }

    /// Tells the worker in this process, if there is one, that a reply is waited for here.
    pub(crate) fn ask(&self, response: ResponseId) {
        if let Some(live) = &self.live {
            live.enqueue(response);
        }
    }

    /// Tells the worker in this process, if there is one, that a reply is to be stopped.
    pub(crate) fn cancel(&self, response: ResponseId) {
        if let Some(live) = &self.live {
            live.cancel(response);
        }
    }

    /// Tells the worker in this process, if there is one, that there is work.
    pub(crate) fn poke(&self) {
        if let Some(live) = &self.live {
            live.wake_worker();
        }
    }

    /// A place among the uploads that are under way at once.
    pub(crate) fn admit_upload(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        Arc::clone(&self.uploads).try_acquire_owned().ok().ok_or(ApiError::Busy)
    }

    /// Runs something that must come to its end even when the client leaves.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.tasks.spawn_on(work, &self.runtime)
    }
}
