//! Wires up the background worker.

use std::sync::Arc;

use ignacio_domain::ports::ObjectStore;
use ignacio_integrations::{OpenAi, WhatsApp, parse_webhook};
use ignacio_persistence::{ReplyHub, ServiceRole, WorkerDb, WorkerDbSettings};
use ignacio_worker::{Ports, Worker, WorkerSettings};

use crate::{
    exit_error::ExitError,
    settings::{AppEnv, BackgroundSettings, DatabaseSettings, Keys},
};

/// Builds a worker, not yet running. With a `hub` it shares the process with the API.
pub(crate) async fn worker(
    app_env: AppEnv,
    settings: BackgroundSettings,
    database: &DatabaseSettings,
    keys: &Keys,
    objects: Arc<dyn ObjectStore>,
    hub: Option<ReplyHub>,
) -> Result<Worker, ExitError> {
    let BackgroundSettings { models, openai, whatsapp, web_search, replies_at_once } = settings;
    let openai = OpenAi::new(openai).map_err(ExitError::config)?;
    let whatsapp = WhatsApp::new(whatsapp).map_err(ExitError::config)?;
    let ports = Ports {
        assistant: Arc::new(openai.clone()),
        vector_store: Arc::new(openai),
        objects,
        messenger: Arc::new(whatsapp),
        parse_webhook,
    };
    let addresses = WorkerDbSettings {
        worker_url: database.url_of(ServiceRole::Worker)?,
        auth_url: database.url_of(ServiceRole::Auth)?,
        worker_pool: database.pools.worker,
        auth_pool: database.pools.auth,
    };
    let db = WorkerDb::connect(&addresses).await.map_err(ExitError::unavailable)?;
    let db = match &hub {
        Some(hub) => db.with_hub(hub.clone()),
        None => db,
    };
    db.check().await.map_err(ExitError::unavailable)?;

    let (otp_pepper, safety_key) =
        (keys.otp_peppers.signing().clone(), keys.safety_identifier.clone());
    let environment = app_env.as_str().to_owned();
    let mut settings = WorkerSettings::new(otp_pepper, safety_key, models, environment);
    settings.web_search = web_search;
    settings.reply_concurrency = replies_at_once;
    Ok(Worker::new(settings, db, hub, ports))
}
