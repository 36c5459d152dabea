//! A database for each test, scripted ports, and workers that use them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ignacio_devstack::{DatabaseRole, TestDatabase};
use ignacio_domain::ids::FileId;
use ignacio_domain::keys::Key;
use ignacio_domain::model_catalog::{ModelCatalog, Price, RolePolicy};
use ignacio_domain::quota::UsageLimits;
use ignacio_persistence::{ApiDb, ApiDbSettings, ReplyHub, WorkerDb, WorkerDbSettings};
use ignacio_worker::{Ports, Worker, WorkerSettings};

use crate::fakes::{FakeAssistant, FakeMessenger, FakeObjects, FakeVectorStore};

/// The pepper of the codes in these tests.
pub(crate) const PEPPER: [u8; 32] = [7; 32];

pub(crate) struct Stack {
    pub(crate) database: Arc<TestDatabase>,
    pub(crate) api: ApiDb,
    pub(crate) hub: ReplyHub,
    pub(crate) assistant: Arc<FakeAssistant>,
    pub(crate) vector_store: Arc<FakeVectorStore>,
    pub(crate) objects: Arc<FakeObjects>,
    pub(crate) messenger: Arc<FakeMessenger>,
}

impl Stack {
    pub(crate) async fn start() -> Self {
        let database = Arc::new(TestDatabase::create().await);
        let settings = ApiDbSettings {
            api_url: database.url(DatabaseRole::Api).into(),
            auth_url: database.url(DatabaseRole::Auth).into(),
            api_pool: 3,
            auth_pool: 2,
        };
        let hub = ReplyHub::new();
        Self {
            api: ApiDb::connect(&settings).await.unwrap().with_hub(hub.clone()),
            database,
            hub,
            assistant: Arc::default(),
            vector_store: Arc::default(),
            objects: Arc::default(),
            messenger: Arc::default(),
        }
    }

    /// A worker with its own connections, as another process would have it.
    pub(crate) async fn worker(&self) -> Worker {
        self.worker_with(|_| {}).await
    }

    pub(crate) async fn worker_with(&self, change: impl FnOnce(&mut WorkerSettings)) -> Worker {
        let settings = WorkerDbSettings {
            worker_url: self.database.url(DatabaseRole::Worker).into(),
            auth_url: self.database.url(DatabaseRole::Auth).into(),
            worker_pool: 6,
            auth_pool: 2,
        };
        let db = WorkerDb::connect(&settings).await.unwrap().with_hub(self.hub.clone());
        let ports = Ports {
            assistant: Arc::<FakeAssistant>::clone(&self.assistant),
            vector_store: Arc::<FakeVectorStore>::clone(&self.vector_store),
            objects: Arc::<FakeObjects>::clone(&self.objects),
            messenger: Arc::<FakeMessenger>::clone(&self.messenger),
            parse_webhook: crate::delivery_reports::read,
        };
        let mut settings = WorkerSettings::new(
            Key::from_bytes(PEPPER),
            Key::from_bytes([8; 32]),
            Arc::new(models()),
            "test".to_owned(),
        );
        settings.clock = |_| Duration::ZERO;
        change(&mut settings);
        Worker::new(settings, db, Some(self.hub.clone()), ports)
    }

    /// Runs every job that is due.
    pub(crate) async fn drain(&self) {
        self.worker().await.drain().await.unwrap();
    }

    /// Expires all leases, as if their workers had crashed.
    pub(crate) async fn expire_leases(&self) {
        for table in ["responses", "user_files", "outbox", "follow_up_jobs"] {
            let statement = format!(
                "update {table} set lease_until = now() - interval '1 second'
                  where lease_until is not null"
            );
            self.database.execute(&statement).await;
        }
    }

    /// The first column of the rows of a query; a null is `-`.
    pub(crate) async fn column(&self, query: &str) -> Vec<String> {
        let rows = self.database.query_column(query).await;
        rows.into_iter().map(|it| it.unwrap_or_else(|| "-".to_owned())).collect()
    }

    /// The provider's id of a file, from its row.
    pub(crate) async fn provider_id(&self, file: FileId) -> String {
        let query = format!("select openai_file_id from user_files where id = '{file}'");
        self.database.query_text(&query).await
    }
}

/// One model, at round prices: a dollar for a million input tokens, a tenth for cached ones, ten for
/// output.
pub(crate) fn models() -> ModelCatalog {
    let price = Price { input: 1_000_000, cached: 100_000, output: 10_000_000 };
    let limits = UsageLimits {
        concurrent_replies: 100,
        messages_per_ten_minutes: 100,
        messages_per_day: 100,
        tokens_per_day: None,
        tokens_per_month: None,
        cost_micro_usd_per_day: None,
        cost_micro_usd_per_month: None,
    };
    let policy = RolePolicy { models: vec!["model-1".to_owned()], limits };
    let prices = BTreeMap::from([("model-1".to_owned(), price)]);
    ModelCatalog::new(prices, policy.clone(), policy, "model-1".to_owned()).unwrap()
}
