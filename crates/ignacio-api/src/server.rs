//! Builds the HTTP server.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_cors::Cors;
use actix_web::http::{Method, header};
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, dev::Server, web};
#[cfg(target_os = "linux")]
use socket2::SockRef;
use utoipa_actix_web::AppExt as _;

use crate::auth::Origins;
use crate::edge::edge;
use crate::router::routes;
use crate::routes::document;
use crate::state::AppState;
use crate::surface::elsewhere;

/// Above the usual 60 s of proxies, so that we never close a connection that they still use.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// The server over this listener. It runs when it is awaited, and stops through its handle:
/// signals are the binary's business. Cancel the state's token first, so that streams end.
pub fn server(state: AppState, listener: TcpListener) -> io::Result<Server> {
    drop_who_reads_nothing(&listener, state.settings.unread_limit)?;
    let workers = state.settings.workers;
    let shutdown_seconds = state.settings.shutdown_seconds;
    let state = web::Data::new(state);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .into_utoipa_app()
            .configure(routes)
            .into_app()
            .configure(document::page)
            .default_service(web::to(elsewhere))
            .wrap(cors(&state.origins))
            .wrap(from_fn(edge))
    });
    let running = server
        .workers(workers)
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(HEAD_TIMEOUT)
        .client_disconnect_timeout(DISCONNECT_TIMEOUT)
        // A client that closes its side has left: its handler and its stream are dropped.
        .h1_allow_half_closed(false)
        .tcp_nodelay(true)
        .shutdown_timeout(shutdown_seconds)
        .disable_signals()
        .listen(listener)?
        .run();
    Ok(running)
}

/// Ends connections whose client takes nothing for this long, also one that is there and does not
/// read. actix has no limit for writing, and does not even look at a stream while its socket is
/// full; so this is left to the system, whose connections inherit it from the listener.
#[cfg(target_os = "linux")]
fn drop_who_reads_nothing(listener: &TcpListener, limit: Duration) -> io::Result<()> {
    SockRef::from(listener).set_tcp_user_timeout(Some(limit))
}

/// Elsewhere the system has no such limit: readers that take nothing stay until they leave.
#[cfg(not(target_os = "linux"))]
fn drop_who_reads_nothing(_: &TcpListener, _: Duration) -> io::Result<()> {
    Ok(())
}

fn cors(origins: &Origins) -> Cors {
    let base = Cors::default()
        .allowed_methods([Method::GET, Method::POST, Method::PATCH, Method::PUT, Method::DELETE])
        .allowed_headers([
            header::ACCEPT,
            header::ACCEPT_LANGUAGE,
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            header::IF_NONE_MATCH,
            header::RANGE,
            header::HeaderName::from_static("idempotency-key"),
            header::HeaderName::from_static("last-event-id"),
            header::HeaderName::from_static("traceparent"),
            header::HeaderName::from_static("x-request-id"),
        ])
        .expose_headers([
            "Content-Disposition",
            "Content-Location",
            "Content-Range",
            "ETag",
            "Idempotency-Replayed",
            "Link",
            "Location",
            "RateLimit",
            "RateLimit-Policy",
            "Retry-After",
            "X-Request-Id",
        ])
        .supports_credentials()
        .max_age(3600);
    origins.iter().fold(base, Cors::allowed_origin)
}
