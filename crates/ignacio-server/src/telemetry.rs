//! What the process tells about itself: log lines, panics and metrics.

mod mask;

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

/// Targets that would write down what people say, and the most that they may: errors that quote
/// whole payloads, statements, addresses with passwords, and traces of what goes over the wire. It holds for all whose names
/// begin like this.
const NEVER: [(&str, LevelFilter); 9] = [
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

/// Bounds of the buckets for everything measured in seconds.
const SECONDS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];

/// Reads a filter.
pub(crate) fn filter(text: &str) -> Result<EnvFilter, String> {
    EnvFilter::try_new(text).map_err(|error| error.to_string())
}

/// What is let through at all. It is a filter of its own, since in one with the setting's a longer
/// target of the setting would win.
fn caps() -> Targets {
    Targets::new().with_default(LevelFilter::TRACE).with_targets(NEVER)
}

/// Starts the log on standard error, and makes panics say where they happened and nothing else.
pub(crate) fn start_log(settings: &LogSettings) {
    // The settings were read before, so that the filter is known to be sound.
    let filter = filter(&settings.filter).unwrap_or_default();
    let lines = fmt::layer().with_writer(mask::Masking(std::io::stderr));
    let registry = tracing_subscriber::registry().with(filter).with(caps());
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
    //! The log's filter is checked, and conversations stay out whatever it says.

    use super::{mask::tests::Lines, *};

    #[test]
    fn a_filter_that_makes_no_sense_is_refused() {
        assert!(filter("info,ignacio_api=debug").is_ok());
        assert!(filter("ignacio_api=loud").is_err());
    }

    #[test]
    fn tests_that_look_for_secrets_log_all_that_the_service_may() {
        let caps = NEVER.map(|(target, most)| format!("{target}={most}"));
        let stand_ins = ["ignacio_devstack=off", "s3s=off", "s3s_fs=off"];
        let all = ["trace"].into_iter().chain(caps.iter().map(String::as_str)).chain(stand_ins);
        let all: Vec<&str> = all.collect();
        assert_eq!(ignacio_devstack::canary::FILTER, all.join(","));
    }

    #[test]
    fn a_panic_tells_its_place_and_nothing_that_it_says() {
        let log = Lines::default();
        let subscriber = fmt().json().with_writer(log.clone()).finish();
        hush_panics();
        let caught = tracing::subscriber::with_default(subscriber, || {
            panic::catch_unwind(|| panic!("+573001110002 wrote: Canario Amarillo"))
        });
        // The other tests of this process may tell what they like.
        drop(panic::take_hook());
        assert!(caught.is_err());
        let log = log.text();
        assert!(log.contains("a panic was caught") && log.contains(file!()), "{log}");
        assert!(!log.contains("Canario") && !log.contains("3001110002"), "{log}");
    }

    #[test]
    fn what_quotes_payloads_is_capped_whatever_the_filter_says() {
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
