//! An actix server with a thread and a system of its own, for a stand-in that speaks HTTP.

use std::{net::TcpListener, sync::mpsc, thread};

use actix_web::{App, HttpServer, dev::ServerHandle, rt::System, web::ServiceConfig};

use crate::DevstackError;

/// A running server; dropping it closes its connections and ends its thread.
#[derive(Debug)]
pub(crate) struct ActixThread {
    handle: ServerHandle,
    thread: Option<thread::JoinHandle<()>>,
}

impl ActixThread {
    /// Serves `configure`'s routes on the listener, independent of the caller's runtime.
    pub(crate) fn start(
        part: &'static str,
        listener: TcpListener,
        configure: impl Fn(&mut ServiceConfig) + Send + Clone + 'static,
    ) -> Result<Self, DevstackError> {
        let (sender, started) = mpsc::channel();
        let serve = move || {
            System::new().block_on(async move {
                let server = HttpServer::new(move || App::new().configure(configure.clone()))
                    .workers(1)
                    .disable_signals()
                    .shutdown_timeout(0)
                    .listen(listener)
                    .map(HttpServer::run);
                let (answer, server) = match server {
                    Ok(server) => (Ok(server.handle()), Some(server)),
                    Err(error) => (Err(error), None),
                };
                // Nobody listens any more only where the caller's thread was ended.
                let _abandoned = sender.send(answer);
                if let Some(server) = server
                    && let Err(error) = server.await
                {
                    tracing::warn!(%error, part, "a stand-in ended early");
                }
            });
        };
        let doing = format!("start {part}");
        let thread = thread::Builder::new()
            .name("devstack-http".to_owned())
            .spawn(serve)
            .map_err(DevstackError::system(doing.clone()))?;
        let handle = started
            .recv()
            .map_err(std::io::Error::other)
            .and_then(|answer| answer)
            .map_err(DevstackError::system(doing))?;
        Ok(Self { handle, thread: Some(thread) })
    }
}

impl Drop for ActixThread {
    fn drop(&mut self) {
        // The order is given at once; the future would only wait for its end, as the join does.
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            // A panic in the server was reported by its own thread.
            let _panicked = thread.join();
        }
    }
}
