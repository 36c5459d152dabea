//! Logs, panics and metrics of the process.

mod redaction;

use std::{panic, thread};

use actix_web::{App, HttpResponse, HttpServer, dev::Server, http::header::ContentType, web};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{
    EnvFilter,
    filter::{LevelFilter, Targets},
    fmt,
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// One JSON object per line.
    Json,
    /// Plain text, for development.
    Text,
}

/// What is logged, and in which format.
#[derive(Debug, Clone)]
pub(crate) struct LogSettings {
    /// Levels per target, for example `info,ignacio_api=debug`.
    pub(crate) filter: String,
    /// The format of the lines.
    pub(crate) format: LogFormat,
}

/// Log targets that would leak what users write, with the highest level that they may log: errors
/// that quote whole payloads, SQL statements, URLs with passwords, and wire traces. Each entry
/// covers all targets that start with its name.
const LEVEL_CAPS: [(&str, LevelFilter); 9] = [
    ("async_openai", LevelFilter::OFF),
    ("actix_http", LevelFilter::INFO),
    ("aws_", LevelFilter::INFO),
    ("h2", LevelFilter::INFO),
    ("hyper", LevelFilter::INFO),
    ("reqwest", LevelFilter::INFO),
    ("rustls", LevelFilter::INFO),
    ("sea_orm", LevelFilter::INFO),
    ("sqlx", LevelFilter::WARN),
];

/// Histogram buckets for every metric in seconds.
const SECONDS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];

/// Parses a log filter.
pub(crate) fn filter(text: &str) -> Result<EnvFilter, String> {
    EnvFilter::try_new(text).map_err(|error| error.to_string())
}

/// The cap on every target. A separate filter, because within one filter a longer target in the
/// setting would override the cap.
fn caps() -> Targets {
    Targets::new().with_default(LevelFilter::TRACE).with_targets(LEVEL_CAPS)
}

/// Starts logging to standard error, and logs of a panic only where it happened.
pub(crate) fn start_log(settings: &LogSettings) {
    // The settings were checked before, so the filter parses.
    let filter = filter(&settings.filter).unwrap_or_default();
    let lines = fmt::layer().with_writer(redaction::Redacting(std::io::stderr));
    let registry = tracing_subscriber::registry().with(filter).with(caps());
    // If tests start it twice in one process, the first subscriber stays.
    let _already_started = match settings.format {
        LogFormat::Json => registry.with(lines.json().flatten_event(true)).try_init(),
        LogFormat::Text => registry.with(lines.compact().with_ansi(false)).try_init(),
    };
    log_panics_without_message();
}

/// The message of a panic may contain a user's text, so only its location is logged.
fn log_panics_without_message() {
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let current = thread::current();
        let thread = current.name().unwrap_or("unnamed");
        tracing::error!(place, thread, "a panic was caught");
    }));
}

/// Installs the metrics recorder of the process.
pub(crate) fn start_metrics() -> Result<PrometheusHandle, BuildError> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .install_recorder()
}

/// The server for `GET /metrics`, on its own port, which must not be public.
pub(crate) fn metrics_server(
    listener: std::net::TcpListener,
    handle: PrometheusHandle,
) -> std::io::Result<Server> {
    let handle = web::Data::new(handle);
    let server = HttpServer::new(move || {
        App::new().app_data(web::Data::clone(&handle)).route("/metrics", web::get().to(render))
    });
    Ok(server.workers(1).disable_signals().shutdown_timeout(1).listen(listener)?.run())
}

async fn render(handle: web::Data<PrometheusHandle>) -> HttpResponse {
    handle.run_upkeep();
    HttpResponse::Ok().content_type(ContentType::plaintext()).body(handle.render())
}

#[cfg(test)]
mod tests {
    //! The log filter is validated, and conversations stay out of the log whatever it says.

    use super::{redaction::tests::Lines, *};

    #[test]
    fn an_invalid_filter_is_rejected() {
        assert!(filter("info,ignacio_api=debug").is_ok());
        assert!(filter("ignacio_api=loud").is_err());
    }

    #[test]
    fn the_log_leak_scan_logs_everything_that_the_service_can_log() {
        let caps = LEVEL_CAPS.map(|(target, most)| format!("{target}={most}"));
        let stand_ins = ["ignacio_devstack=off", "s3s=off", "s3s_fs=off"];
        let all = ["trace"].into_iter().chain(caps.iter().map(String::as_str)).chain(stand_ins);
        let all: Vec<&str> = all.collect();
        assert_eq!(ignacio_devstack::log_leak_scan::FILTER, all.join(","));
    }

    #[test]
    fn a_panic_logs_its_location_but_not_its_message() {
        let log = Lines::default();
        let subscriber = fmt().json().with_writer(log.clone()).finish();
        log_panics_without_message();
        let caught = tracing::subscriber::with_default(subscriber, || {
            panic::catch_unwind(|| panic!("+573001110002 wrote: Canario Amarillo"))
        });
        // Other tests in this process keep the default hook.
        drop(panic::take_hook());
        assert!(caught.is_err());
        let log = log.text();
        assert!(log.contains("a panic was caught") && log.contains(file!()), "{log}");
        assert!(!log.contains("Canario") && !log.contains("3001110002"), "{log}");
    }

    #[test]
    fn targets_that_quote_payloads_are_capped_whatever_the_filter_says() {
        let log = Lines::default();
        let all = "trace,async_openai::error=trace,aws_sigv4::http_request=trace,sqlx::query=trace";
        let lines = fmt::layer().with_writer(log.clone());
        let registry = tracing_subscriber::registry().with(filter(all).unwrap()).with(caps());
        tracing::subscriber::with_default(registry.with(lines), || {
            tracing::error!(target: "async_openai::error", "payload");
            tracing::debug!(target: "aws_sigv4::http_request::sign", "payload");
            tracing::info!(target: "sqlx::query", "payload");
            tracing::debug!(target: "hyper_util::client", "payload");
            tracing::trace!(target: "ignacio_api", "ours");
        });
        assert!(log.text().contains("ours") && !log.text().contains("payload"), "{}", log.text());
    }
}
