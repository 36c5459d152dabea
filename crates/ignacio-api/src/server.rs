//! Builds the HTTP server.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_cors::Cors;
use actix_web::http::{Method, header};
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, dev::Server, web};
use bytes::Bytes;
#[cfg(target_os = "linux")]
use socket2::SockRef;
use utoipa_actix_web::AppExt as _;

use crate::auth::Origins;
use crate::middleware;
use crate::openapi;
use crate::route_index::RouteIndex;
use crate::router::routes;
use crate::routes::api_docs::{self, OpenApiJson};
use crate::routes::not_found::not_found;
use crate::state::AppState;

/// Longer than the usual 60 s of proxies, so that we never close a connection that they still use.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Builds the server on this listener. It runs when awaited and stops through its handle; the binary
/// handles signals. Cancel the state's token first, so that streams end.
pub fn server(state: AppState, listener: TcpListener) -> io::Result<Server> {
    set_write_timeout(&listener, state.settings.write_timeout)?;
    let workers = state.settings.workers;
    let shutdown_seconds = state.settings.shutdown_seconds;
    let state = web::Data::new(state);
    let index = web::Data::new(RouteIndex::of(&openapi::document()));
    let document = web::Data::new(OpenApiJson(Bytes::from(openapi::document_json())));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .app_data(index.clone())
            .app_data(document.clone())
            .into_utoipa_app()
            .configure(routes)
            .into_app()
            .configure(api_docs::swagger_ui)
            .default_service(web::to(not_found))
            .wrap(cors(&state.origins))
            .wrap(from_fn(middleware::base))
    });
    let server = server
        .workers(workers)
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(HEAD_TIMEOUT)
        .client_disconnect_timeout(DISCONNECT_TIMEOUT)
        // A client that closes its side has disconnected: its handler and stream are dropped.
        .h1_allow_half_closed(false)
        .tcp_nodelay(true)
        .shutdown_timeout(shutdown_seconds)
        .disable_signals()
        .listen(listener)?
        .run();
    Ok(server)
}

/// Closes connections whose client reads nothing for this long. actix has no write timeout, and does
/// not poll a stream while its socket is full, so the kernel enforces it: connections inherit the
/// option from the listener.
#[cfg(target_os = "linux")]
fn set_write_timeout(listener: &TcpListener, timeout: Duration) -> io::Result<()> {
    SockRef::from(listener).set_tcp_user_timeout(Some(timeout))
}

/// Other systems have no such option: a client that does not read stays until it disconnects.
#[cfg(not(target_os = "linux"))]
fn set_write_timeout(_: &TcpListener, _: Duration) -> io::Result<()> {
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
