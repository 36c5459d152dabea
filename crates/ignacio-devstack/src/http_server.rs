//! An HTTP server with a thread and a runtime of its own, for a stand-in.

use std::{io, net::TcpListener, sync::mpsc, thread, time::Duration};

use actix_web::{
    App, HttpResponse, HttpServer, dev::ServerHandle, rt::System, web::Bytes, web::ServiceConfig,
};
use futures_util::stream;

use crate::DevstackError;

/// A running server; dropping it closes its connections and ends its thread.
#[derive(Debug)]
pub(crate) struct HttpServerThread {
    handle: ServerHandle,
    thread: Option<thread::JoinHandle<()>>,
}

impl HttpServerThread {
    /// Serves `configure`'s routes on the listener, independent of the caller's runtime.
    /// `prepare` runs before, on the server's.
    pub(crate) fn start(
        part: &'static str,
        listener: TcpListener,
        prepare: impl FnOnce() + Send + 'static,
        configure: impl Fn(&mut ServiceConfig) + Send + Clone + 'static,
    ) -> Result<Self, DevstackError> {
        let (sender, started) = mpsc::channel();
        let serve = move || {
            System::new().block_on(async move {
                prepare();
                let server = HttpServer::new(move || App::new().configure(configure.clone()))
                    .workers(2)
                    .keep_alive(Duration::from_secs(75))
                    .client_request_timeout(Duration::from_secs(30))
                    // Notices when a client leaves, and ends what it waited for.
                    .h1_allow_half_closed(false)
                    .tcp_nodelay(true)
                    .shutdown_timeout(0)
                    .disable_signals()
                    .listen(listener)
                    .map(HttpServer::run);
                match server {
                    Ok(server) => {
                        // The receiver is gone only if the caller's thread has ended.
                        if sender.send(Ok(server.handle())).is_ok()
                            && let Err(error) = server.await
                        {
                            tracing::warn!(%error, part, "a stand-in ended early");
                        }
                    }
                    Err(error) => drop(sender.send(Err(error))),
                }
            });
        };
        let doing = format!("start {part}");
        let thread = thread::Builder::new()
            .name("devstack-http".to_owned())
            .spawn(serve)
            .map_err(DevstackError::system(doing.clone()))?;
        let handle = started.recv().map_err(io::Error::other).flatten();
        Ok(Self { handle: handle.map_err(DevstackError::system(doing))?, thread: Some(thread) })
    }
}

impl Drop for HttpServerThread {
    fn drop(&mut self) {
        // The order is given at once; the future would only wait for its end, as the join does.
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            // A panic in the server was reported by its own thread.
            let _panicked = thread.join();
        }
    }
}

/// Breaks the connection: the body fails before its first byte, so nothing is sent at all.
pub(crate) fn broken_connection() -> HttpResponse {
    let failing = stream::once(async { Err::<Bytes, _>(io::Error::other("broken by a fault")) });
    HttpResponse::ServiceUnavailable().force_close().streaming(failing)
}
