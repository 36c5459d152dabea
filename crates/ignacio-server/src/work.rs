//! `ignacio work`: only the background jobs.

use std::sync::Arc;

use anyhow::Context as _;
use ignacio_persistence::ServiceRole;
use tokio_util::sync::CancellationToken;

use crate::{
    background,
    exit_error::ExitError,
    settings::WorkSettings,
    shutdown::{StopSignals, until_stopped},
    startup::{bind, refuse_wrong_database, started, store},
    telemetry,
};

pub(crate) async fn run(settings: WorkSettings) -> Result<(), ExitError> {
    telemetry::start_log(&settings.log);
    let metrics = telemetry::start_metrics().context("metrics cannot be collected")?;
    let listener = bind("IGNACIO_METRICS_LISTEN", settings.metrics_listen)?;
    let roles = [ServiceRole::Worker, ServiceRole::Auth];
    refuse_wrong_database(&settings.database, &roles).await?;
    let signals = started("signal handling", StopSignals::listen())?;

    let objects = Arc::new(store(settings.storage)?);
    let WorkSettings { app_env, background, database, keys, .. } = settings;
    let worker = background::worker(app_env, background, &database, &keys, objects, None).await?;
    let metrics = started("the metrics server", telemetry::metrics_server(listener, metrics))?;
    let metrics_handle = metrics.handle();

    let stop = CancellationToken::new();
    tracing::info!(metrics = %settings.metrics_listen, "working");
    let work = async {
        tokio::join!(metrics, async {
            worker.run(stop.clone()).await;
            metrics_handle.stop(true).await;
        })
    };
    let ended = until_stopped(signals, &stop, work).await;
    tracing::info!(in_order = ended.is_some(), "stopped");
    Ok(())
}
