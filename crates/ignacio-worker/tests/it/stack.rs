//! A database of the test's own, scripted ports, and workers over them.

use std::collections::BTreeMap;
use std::sync::Arc;

use ignacio_devstack::{Role, TestDatabase};
use ignacio_domain::ids::FileId;
use ignacio_domain::keys::Key;
use ignacio_domain::model_catalog::{ModelCatalog, Price, RolePolicy};
use ignacio_domain::quota::UsageLimits;
use ignacio_persistence::{ApiDb, ApiDbSettings, ReplyHub, WorkerDb, WorkerDbSettings};
use ignacio_worker::{Pauses, Ports, Worker, WorkerSettings};

use crate::fakes::{FakeAssistant, FakeLibrary, FakeMessenger, FakeObjects};
use crate::reports;

/// The pepper of the codes in these tests.
pub(crate) const PEPPER: [u8; 32] = [7; 32];

pub(crate) struct Stack {
    pub(crate) database: Arc<TestDatabase>,
    pub(crate) api: ApiDb,
    pub(crate) live: ReplyHub,
    pub(crate) assistant: Arc<FakeAssistant>,
    pub(crate) library: Arc<FakeLibrary>,
    pub(crate) objects: Arc<FakeObjects>,
    pub(crate) messenger: Arc<FakeMessenger>,
}

impl Stack {
    pub(crate) async fn start() -> Self {
        let database = Arc::new(TestDatabase::create().await);
        let settings = ApiDbSettings {
            api_url: database.url(Role::Api).into(),
            auth_url: database.url(Role::Auth).into(),
            api_pool: 3,
            auth_pool: 2,
        };
        let live = ReplyHub::new();
        Self {
            api: ApiDb::connect(&settings).await.unwrap().with_hub(live.clone()),
            database,
            live,
            assistant: Arc::default(),
            library: Arc::default(),
            objects: Arc::default(),
            messenger: Arc::default(),
        }
    }

    /// A worker of its own, as another process would have it.
    pub(crate) async fn worker(&self) -> Worker {
        self.worker_with(|_| {}).await
    }

    pub(crate) async fn worker_with(&self, change: impl FnOnce(&mut WorkerSettings)) -> Worker {
        let settings = WorkerDbSettings {
            worker_url: self.database.url(Role::Worker).into(),
            auth_url: self.database.url(Role::Auth).into(),
            worker_pool: 6,
            auth_pool: 2,
        };
        let db = WorkerDb::connect(&settings).await.unwrap().with_hub(self.live.clone());
        let ports = Ports {
            assistant: Arc::<FakeAssistant>::clone(&self.assistant),
            library: Arc::<FakeLibrary>::clone(&self.library),
            objects: Arc::<FakeObjects>::clone(&self.objects),
            messenger: Arc::<FakeMessenger>::clone(&self.messenger),
            parse_webhook: reports::read,
        };
        let mut settings = WorkerSettings::new(
            Key::from_bytes(PEPPER),
            Key::from_bytes([8; 32]),
            Arc::new(models()),
            "test".to_owned(),
        );
        settings.pauses = Pauses::Skipped;
        change(&mut settings);
        Worker::new(settings, db, Some(self.live.clone()), ports)
    }

    /// Does everything that is due.
    pub(crate) async fn drain(&self) {
        self.worker().await.drain().await.unwrap();
    }

    /// What happens when workers die: their leases run out.
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

    /// The provider's id of a file, as our row has it.
    pub(crate) async fn provider_id(&self, file: FileId) -> String {
        let query = format!("select openai_file_id from user_files where id = '{file}'");
        self.database.query_text(&query).await
    }
}

/// One model, at a price that is easy to reckon with: a dollar for a million tokens, a tenth for
/// cached ones, ten for the answer.
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
