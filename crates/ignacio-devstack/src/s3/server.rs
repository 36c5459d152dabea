//! The server's threads, and the faults between a connection and the store.

use std::{
    io,
    net::TcpListener,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    thread,
};

use http_body_util::BodyExt as _;
use hyper::{Request, Response, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use s3s::{
    Body, HttpError, HttpResponse,
    auth::SimpleAuth,
    service::{S3Service, S3ServiceBuilder},
};
use s3s_fs::FileSystem;
use tokio::{net::TcpStream, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::DevstackError;

/// What S3 says under load.
const SLOW_DOWN: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
    <Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>";

/// What the next requests meet.
#[derive(Debug, Default)]
pub(super) struct Faults {
    /// Requests so far.
    pub(super) n_requests: AtomicU64,
    /// This many of the next requests are answered with 503 `SlowDown`.
    pub(super) n_slow_downs: AtomicU64,
    /// Whether every connection breaks.
    pub(super) is_down: AtomicBool,
}

/// The store and its faults.
#[derive(Clone)]
pub(super) struct Service {
    store: S3Service,
    faults: Arc<Faults>,
}

/// A store over `buckets` that accepts requests signed with `keys`.
pub(super) fn service(
    buckets: &Path,
    (access_key, secret_key): (&str, &str),
    faults: Arc<Faults>,
) -> Result<Service, DevstackError> {
    let files = FileSystem::new(buckets)
        .map_err(|error| DevstackError::Store { detail: format!("{error:?}") })?;
    let mut builder = S3ServiceBuilder::new(files);
    // With a check of signatures in place, a request without one is refused with 403.
    builder.set_auth(SimpleAuth::from_single(access_key, secret_key));
    Ok(Service { store: builder.build(), faults })
}

/// Serves on a thread of its own until `stop` is cancelled.
pub(super) fn run(
    listener: TcpListener,
    service: Service,
    stop: CancellationToken,
) -> Result<thread::JoinHandle<()>, DevstackError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("devstack-s3")
        .enable_all()
        .build()
        .map_err(DevstackError::system("start a runtime"))?;
    let listener = {
        let _inside = runtime.enter();
        listener
            .set_nonblocking(true)
            .and_then(|()| tokio::net::TcpListener::from_std(listener))
            .map_err(DevstackError::system("listen for the S3 stand-in"))?
    };
    thread::Builder::new()
        .name("devstack-s3".to_owned())
        .spawn(move || runtime.block_on(accept(listener, service, stop)))
        .map_err(DevstackError::system("start a thread for the S3 stand-in"))
}

async fn accept(listener: tokio::net::TcpListener, service: Service, stop: CancellationToken) {
    // Leaving drops the set, which ends the open connections.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            Some(_ended) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _peer)) => {
                    connections.spawn(serve(stream, service.clone()));
                }
                Err(error) => tracing::warn!(%error, "the S3 stand-in lost a connection"),
            },
        }
    }
}

async fn serve(stream: TcpStream, service: Service) {
    let respond = service_fn(move |request| {
        let service = service.clone();
        async move { service.respond(request).await }
    });
    let http = auto::Builder::new(TokioExecutor::new());
    if let Err(error) = http.serve_connection(TokioIo::new(stream), respond).await {
        tracing::debug!(error, "a connection to the S3 stand-in ended early");
    }
}

impl Service {
    async fn respond(&self, mut request: Request<Incoming>) -> Result<HttpResponse, HttpError> {
        self.faults.n_requests.fetch_add(1, SeqCst);
        if self.faults.is_down.load(SeqCst) {
            return Err(HttpError::new(Box::new(io::Error::other("taken down"))));
        }
        let one_less = |left: u64| left.checked_sub(1);
        if self.faults.n_slow_downs.fetch_update(SeqCst, SeqCst, one_less).is_err() {
            return hyper::service::Service::call(&self.store, request).await;
        }
        // Without this a client in the middle of an upload sees a broken connection.
        while let Some(Ok(_frame)) = request.body_mut().frame().await {}
        Response::builder()
            .status(503)
            .header("content-type", "application/xml")
            .body(Body::from(SLOW_DOWN.to_owned()))
            .map_err(|error| HttpError::new(Box::new(error)))
    }
}
