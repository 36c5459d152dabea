//! The API on its own port, over a fresh database, with the worker's database access.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::rt::System;
use ignacio_api::{ApiKeys, ApiSettings, AppSecrets, AppState, Databases, WebhookSettings, server};
use ignacio_devstack::{DatabaseRole, TestDatabase};
use ignacio_domain::keys::Key;
use ignacio_domain::model_catalog::{ModelCatalog, Price, RolePolicy};
use ignacio_domain::quota::UsageLimits;
use ignacio_domain::reply::ReplyEvent;
use ignacio_domain::response::{ReplyFailure, ReplyOutcome};
use ignacio_domain::usage::UsageCost;
use ignacio_persistence::{
    AdminDb, ApiDb, ApiDbSettings, ReplyHub, ReplyWriter, WorkerDb, WorkerDbSettings,
};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::client::Client;
use crate::object_store::MemoryStore;

/// The key of the codes in tests.
pub(crate) const PEPPER: Key = Key::from_bytes([7; 32]);
/// The key of rate limits.
pub(crate) const RATE_LIMIT_KEY: Key = Key::from_bytes([8; 32]);
/// The limit of uploads in tests, so that they are quick.
pub(crate) const UPLOAD_MAX: usize = 300_000;
/// The app secret that signs webhooks.
pub(crate) const APP_SECRET: &str = "app-secret";
/// The verify token of the webhook.
pub(crate) const VERIFY_TOKEN: &str = "verify-token";
/// The one origin that may call with a browser.
pub(crate) const ORIGIN: &str = "https://app.example.org";

/// Everything that a test needs; dropping it stops the server.
pub(crate) struct Stack {
    pub(crate) client: Client,
    pub(crate) address: SocketAddr,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) worker: WorkerDb,
    pub(crate) hub: ReplyHub,
    pub(crate) stop: CancellationToken,
    pub(crate) database: TestDatabase,
    tasks: TaskTracker,
    handle: ServerHandle,
    thread: Option<thread::JoinHandle<()>>,
}

impl Stack {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// A stack with other settings.
    pub(crate) async fn with(change: impl FnOnce(&mut ApiSettings)) -> Self {
        let database = TestDatabase::create().await;
        let hub = ReplyHub::new();
        let databases = Databases {
            api: connect_api(&database).await.with_hub(hub.clone()),
            admin: AdminDb::connect(&database.url(DatabaseRole::Admin).into(), 2).await.unwrap(),
        };
        let worker = connect_worker(&database).await.with_hub(hub.clone());

        let mut settings = ApiSettings::new(
            ApiKeys {
                cursor: Key::from_bytes([3; 32]),
                otp_peppers: PEPPER.into(),
                renewal: Key::from_bytes([4; 32]),
                rate_limit: RATE_LIMIT_KEY,
            },
            Arc::new(models()),
        );
        settings.upload_max_bytes = u64::try_from(UPLOAD_MAX).unwrap();
        settings.allowed_origins = vec![ORIGIN.to_owned()];
        settings.known_migrations = migration::names();
        settings.workers = 1;
        settings.login_latency_step = Duration::ZERO;
        settings.shutdown_seconds = 0;
        settings.webhook = WebhookSettings {
            app_secrets: AppSecrets::new([APP_SECRET.into()]),
            verify_token: Some(VERIFY_TOKEN.into()),
        };
        change(&mut settings);

        let store = Arc::new(MemoryStore::default());
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let object_store: Arc<MemoryStore> = Arc::clone(&store);
        let state = AppState::new(
            settings,
            databases,
            Some(hub.clone()),
            object_store,
            stop.clone(),
            tasks.clone(),
        );
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (handle, thread) = serve(state, listener);
        Self {
            client: Client::new(address),
            address,
            store,
            worker,
            hub,
            stop,
            database,
            tasks,
            handle,
            thread: Some(thread),
        }
    }

    /// Waits for the server's background tasks.
    pub(crate) async fn wait_for_tasks(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.tasks.reopen();
    }

    /// Claims the oldest queued reply, as a worker would.
    pub(crate) async fn claim_reply(&self) -> ReplyWriter {
        let job = self.worker.reply_jobs().claim(1, "1").await.unwrap().remove(0);
        self.worker.replies().open(&job).await.unwrap().unwrap()
    }

    /// Claims the oldest queued reply and completes it.
    pub(crate) async fn complete_reply(&self, text: &str) {
        let mut reply = self.claim_reply().await;
        reply.push(ReplyEvent::Delta(text.to_owned()));
        assert!(reply.end(ReplyOutcome::Completed, UsageCost::Nothing).await.unwrap());
    }

    /// Claims all queued replies and completes each.
    pub(crate) async fn complete_all_replies(&self, text: &str) {
        while let Some(job) = self.worker.reply_jobs().claim(1, "1").await.unwrap().pop() {
            let opened = self.worker.replies().open(&job).await.unwrap();
            let mut reply = opened.unwrap();
            reply.push(ReplyEvent::Delta(text.to_owned()));
            assert!(reply.end(ReplyOutcome::Completed, UsageCost::Nothing).await.unwrap());
        }
    }

    /// Claims all queued replies and fails each before its first text.
    pub(crate) async fn fail_all_replies(&self) {
        while let Some(job) = self.worker.reply_jobs().claim(1, "1").await.unwrap().pop() {
            let opened = self.worker.replies().open(&job).await.unwrap();
            let outcome = ReplyOutcome::Failed(ReplyFailure::ProviderUnavailable);
            assert!(opened.unwrap().end(outcome, UsageCost::Nothing).await.unwrap());
        }
    }

    /// A digest of each table's rows.
    pub(crate) async fn table_digests(&self) -> Vec<Option<String>> {
        let query = "select relname || ' ' || md5(query_to_xml(
                         format('select * from public.%I t order by t::text', relname),
                         true, false, '')::text)
                       from pg_class
                      where relnamespace = 'public'::regnamespace and relkind = 'r'
                      order by relname";
        self.database.query_column(query).await
    }

    /// Stops the server gracefully, and waits until it has stopped.
    pub(crate) async fn shut_down(&self) {
        self.stop.cancel();
        self.handle.stop(true).await;
    }

    /// The number of files that are not deleted.
    pub(crate) async fn n_live_files(&self) -> i64 {
        let query = "select count(*) from user_files where deleted_at is null";
        self.database.query_i64(query).await
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.stop.cancel();
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

async fn connect_api(database: &TestDatabase) -> ApiDb {
    let settings = ApiDbSettings {
        api_url: database.url(DatabaseRole::Api).into(),
        auth_url: database.url(DatabaseRole::Auth).into(),
        api_pool: 4,
        auth_pool: 2,
    };
    ApiDb::connect(&settings).await.unwrap()
}

async fn connect_worker(database: &TestDatabase) -> WorkerDb {
    let settings = WorkerDbSettings {
        worker_url: database.url(DatabaseRole::Worker).into(),
        auth_url: database.url(DatabaseRole::Auth).into(),
        worker_pool: 2,
        auth_pool: 1,
    };
    WorkerDb::connect(&settings).await.unwrap()
}

/// Serves on its own thread, as the binary does beside its main runtime.
fn serve(state: AppState, listener: TcpListener) -> (ServerHandle, thread::JoinHandle<()>) {
    let (sender, started) = mpsc::channel();
    let thread = thread::spawn(move || {
        System::new().block_on(async move {
            let server = server(state, listener).unwrap();
            sender.send(server.handle()).unwrap();
            server.await.unwrap();
        });
    });
    (started.recv().unwrap(), thread)
}

/// A model for everybody and one for admins. A million tokens cost a dollar in prompts and ten in
/// replies. The quotas are so wide that only their own tests exceed them.
pub(crate) fn models() -> ModelCatalog {
    models_with(UsageLimits {
        concurrent_replies: 100,
        messages_per_ten_minutes: 1_000,
        messages_per_day: 1_000,
        tokens_per_day: None,
        tokens_per_month: None,
        cost_micro_usd_per_day: None,
        cost_micro_usd_per_month: None,
    })
}

/// The same models with other quotas.
pub(crate) fn models_with(limits: UsageLimits) -> ModelCatalog {
    let price = Price { input: 1_000_000, cached: 100_000, output: 10_000_000 };
    let prices = ["model-1", "model-2"].map(|it| (it.to_owned(), price)).into_iter().collect();
    let policy = |models: &[&str]| RolePolicy {
        models: models.iter().map(|it| (*it).to_owned()).collect(),
        limits,
    };
    let (participant, admin) = (policy(&["model-1"]), policy(&["model-1", "model-2"]));
    ModelCatalog::new(prices, participant, admin, "model-1".to_owned()).unwrap()
}
