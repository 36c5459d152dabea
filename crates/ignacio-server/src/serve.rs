//! `ignacio serve`: serves the API and, with a worker, runs the background jobs.

use std::{io, sync::Arc};

use actix_web::dev::Server;
use anyhow::Context as _;
use ignacio_api::{ApiKeys, ApiSettings, AppState, Databases, WebhookSettings};
use ignacio_domain::{model_catalog::ModelCatalog, ports::ObjectStore};
use ignacio_persistence::{AdminDb, ApiDb, ApiDbSettings, ReplyHub, ServiceRole};
use ignacio_worker::Worker;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    background,
    exit_error::ExitError,
    settings::{DatabaseSettings, HttpSettings, Keys, ServeSettings},
    shutdown::{StopSignals, until_stopped},
    startup::{bind, refuse_wrong_database, started, store},
    telemetry,
};

pub(crate) async fn run(settings: ServeSettings) -> Result<(), ExitError> {
    telemetry::start_log(&settings.log);
    let recorder = telemetry::start_metrics().context("metrics cannot be collected")?;
    let listener = bind("IGNACIO_LISTEN", settings.http.listen)?;
    let metrics_listener = bind("IGNACIO_METRICS_LISTEN", settings.metrics_listen)?;
    refuse_wrong_database(&settings.database, &roles(settings.background.is_some())).await?;
    let signals = started("signal handling", StopSignals::listen())?;
    let addresses = (local_address(&listener), local_address(&metrics_listener));

    let ServeSettings {
        app_env, http, database, keys, webhook, storage, models, background, ..
    } = settings;
    let hub = background.is_some().then(ReplyHub::new);
    let objects: Arc<dyn ObjectStore> = Arc::new(store(storage)?);
    let databases = databases(&database, hub.clone()).await?;
    let worker = match background {
        Some(background) => {
            let objects = Arc::clone(&objects);
            let hub = hub.clone();
            let worker = background::worker(app_env, background, &database, &keys, objects, hub);
            Some(worker.await?)
        }
        None => None,
    };

    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let api = api_settings(http, webhook, &keys, models);
    let state = AppState::new(api, databases, hub, objects, stop.clone(), tasks.clone());
    let api = started("the API", ignacio_api::server(state, listener))?;
    let metrics = telemetry::metrics_server(metrics_listener, recorder);
    let metrics = started("the metrics server", metrics)?;

    let (address, metrics_address) = addresses;
    tracing::info!(address, metrics = metrics_address, worker = worker.is_some(), "listening");
    let services = Services { api, metrics, worker, tasks };
    match until_stopped(signals, &stop, services.run(stop.clone())).await {
        Some(Ok(())) => tracing::info!("stopped gracefully"),
        Some(Err(error)) => Err(error).context("the API stopped unexpectedly")?,
        None => {}
    }
    Ok(())
}

/// Everything that runs concurrently in this process.
struct Services {
    api: Server,
    metrics: Server,
    worker: Option<Worker>,
    tasks: TaskTracker,
}

impl Services {
    /// Runs until `stop` is cancelled and all work has ended. Metrics stay readable until the end.
    async fn run(self, stop: CancellationToken) -> io::Result<()> {
        let Self { api, metrics, worker, tasks } = self;
        let (api_handle, metrics_handle) = (api.handle(), metrics.handle());
        let work = async {
            let api = async {
                let ended = api.await;
                // If the API fails, the worker stops as well.
                stop.cancel();
                ended
            };
            let stopper = async {
                stop.cancelled().await;
                api_handle.stop(true).await;
            };
            let worker = async {
                if let Some(worker) = &worker {
                    worker.run(stop.clone()).await;
                }
            };
            let (ended, (), ()) = tokio::join!(api, stopper, worker);
            tasks.close();
            tasks.wait().await;
            metrics_handle.stop(true).await;
            ended
        };
        let (ended, _metrics) = tokio::join!(work, metrics);
        ended
    }
}

/// The database roles that the process uses.
fn roles(with_worker: bool) -> Vec<ServiceRole> {
    let mut roles = vec![ServiceRole::Api, ServiceRole::Auth, ServiceRole::Admin];
    roles.extend(with_worker.then_some(ServiceRole::Worker));
    roles
}

async fn databases(
    database: &DatabaseSettings,
    hub: Option<ReplyHub>,
) -> Result<Databases, ExitError> {
    let admin_url = database.url_of(ServiceRole::Admin)?;
    let admin = AdminDb::connect(&admin_url, database.pools.admin);
    let admin = admin.await.map_err(ExitError::unavailable)?;
    Ok(Databases { api: api_db(database, hub).await?, admin })
}

async fn api_db(database: &DatabaseSettings, hub: Option<ReplyHub>) -> Result<ApiDb, ExitError> {
    let settings = ApiDbSettings {
        api_url: database.url_of(ServiceRole::Api)?,
        auth_url: database.url_of(ServiceRole::Auth)?,
        api_pool: database.pools.api,
        auth_pool: database.pools.auth,
    };
    let db = ApiDb::connect(&settings).await.map_err(ExitError::unavailable)?;
    db.check().await.map_err(ExitError::unavailable)?;
    Ok(match hub {
        Some(hub) => db.with_hub(hub),
        None => db,
    })
}

fn api_settings(
    http: HttpSettings,
    webhook: WebhookSettings,
    keys: &Keys,
    models: Arc<ModelCatalog>,
) -> ApiSettings {
    if webhook.app_secrets.is_empty() {
        tracing::warn!("WHATSAPP_APP_SECRET is not set: all webhooks are rejected");
    }
    let keys = ApiKeys {
        cursor: keys.cursor.clone(),
        otp_peppers: keys.otp_peppers.clone(),
        renewal: keys.renewal.clone(),
        rate_limit: keys.buckets.clone(),
    };
    let mut settings = ApiSettings::new(keys, models);
    settings.codes_per_hour = http.codes_per_hour;
    settings.codes_per_address = http.codes_per_address;
    settings.upload_max_bytes = http.upload_max_bytes;
    settings.allowed_origins = http.allowed_origins;
    settings.trusted_proxies = http.trusted_proxies;
    settings.webhook = webhook;
    settings.known_migrations = migration::names();
    settings
}

fn local_address(listener: &std::net::TcpListener) -> String {
    listener.local_addr().map(|address| address.to_string()).unwrap_or_default()
}
