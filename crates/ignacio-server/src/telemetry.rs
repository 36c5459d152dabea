//! What the process tells about itself: log lines, panics and metrics.

use std::{panic, thread};

use actix_web::{App, HttpResponse, HttpServer, dev::Server, http::header::ContentType, web};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// One JSON object per line, for machines.
    Json,
    /// For people.
    Text,
}

/// What is logged, and how.
#[derive(Debug, Clone)]
pub(crate) struct LogSettings {
    /// Levels per target, as `info,ignacio_api=debug`.
    pub(crate) filter: String,
    /// How lines look.
    pub(crate) format: LogFormat,
}

/// Targets that would write down what people say: errors that quote whole payloads, and traces of
/// what goes over the wire.
const NEVER: [&str; 5] = [
    "async_openai=off",
    "async_openai::error=off",
    "hyper_util=info",
    "aws_smithy_runtime=info",
    "aws_smithy_http_client=info",
];

/// Bounds of the buckets for everything measured in seconds.
const SECONDS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];

/// Reads a filter; what must never be logged is switched off whatever it says.
pub(crate) fn filter(text: &str) -> Result<EnvFilter, String> {
    let mut filter = EnvFilter::try_new(text).map_err(|error| error.to_string())?;
    for never in NEVER {
        filter = filter.add_directive(never.parse().map_err(|error| format!("{error}"))?);
    }
    Ok(filter)
}

/// Starts the log on standard error, and makes panics say where they happened and nothing else.
pub(crate) fn start_log(settings: &LogSettings) {
    // The settings were read before, so that the filter is known to be sound.
    let filter = filter(&settings.filter).unwrap_or_default();
    let lines = fmt::layer().with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry().with(filter);
    // A second start in one process, as tests do it, keeps the first one's log.
    let _already_started = match settings.format {
        LogFormat::Json => registry.with(lines.json().flatten_event(true)).try_init(),
        LogFormat::Text => registry.with(lines.compact().with_ansi(false)).try_init(),
    };
    hush_panics();
}

/// A panic's message may hold what a person wrote, so only its place is logged.
fn hush_panics() {
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let current = thread::current();
        let thread = current.name().unwrap_or("unnamed");
        tracing::error!(place, thread, "a panic was caught");
    }));
}

/// Collects the process's metrics from here on.
pub(crate) fn start_metrics() -> Result<PrometheusHandle, BuildError> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .install_recorder()
}

/// The server of `GET /metrics`, on a port of its own that the world does not see.
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
    //! The log's filter is checked, and keeps conversations out whatever it says.

    use super::*;

    #[test]
    fn a_filter_that_makes_no_sense_is_refused() {
        assert!(filter("info,ignacio_api=debug").is_ok());
        assert!(filter("ignacio_api=loud").is_err());
    }

    #[test]
    fn payloads_of_failed_calls_stay_out() {
        let filter = filter("trace,async_openai=trace").unwrap().to_string();
        assert!(NEVER.iter().all(|never| filter.contains(never)), "{filter}");
        assert!(!filter.contains("async_openai=trace"), "{filter}");
    }
}
