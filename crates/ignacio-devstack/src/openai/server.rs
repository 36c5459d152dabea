//! The server on its own thread, with a runtime of its own: it works from any test and ends with
//! its owner.

use std::{
    io,
    net::TcpListener,
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer, ResponseError as _,
    dev::{Server, ServerHandle},
    middleware::from_fn,
    rt::System,
    web,
};

use crate::{
    DevstackError,
    openai::{
        control, files, gate::gate, indexing, refusal::Refusal, responses, store_files, stores,
        world::World,
    },
};

/// A JSON body may be this large: images and documents can come inside it.
const BODY: usize = 128 * 1024 * 1024;

/// The running server; dropping it stops it.
#[derive(Debug)]
pub(crate) struct Running {
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// Serves on a port that is already listened on.
    pub(crate) fn start(world: Arc<World>, listener: TcpListener) -> Result<Self, DevstackError> {
        let doing = "start the OpenAI stand-in";
        let (tell, told) = mpsc::channel();
        let serve = move || {
            System::new().block_on(async move {
                indexing::resume(&world);
                match server(&world, listener) {
                    Ok(server) => {
                        // Nobody listens any more if the owner is gone: then this ends at once.
                        if tell.send(Ok(server.handle())).is_ok() {
                            drop(server.await);
                        }
                    }
                    Err(error) => drop(tell.send(Err(error))),
                }
            });
        };
        let thread = thread::Builder::new().name("openai-stand-in".to_owned()).spawn(serve);
        let thread = thread.map_err(DevstackError::system(doing))?;
        let ended = |_error| io::Error::other("the thread ended");
        let handle = told.recv().map_err(ended).flatten().map_err(DevstackError::system(doing))?;
        Ok(Self { handle, thread: Some(thread) })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The order is given at once; the future would only wait for its end.
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn server(world: &Arc<World>, listener: TcpListener) -> io::Result<Server> {
    let world = Arc::clone(world);
    let app = move || {
        App::new()
            .app_data(web::Data::from(Arc::clone(&world)))
            .app_data(web::PayloadConfig::new(BODY))
            .wrap(from_fn(gate))
            .configure(routes)
            .default_service(web::to(nowhere))
    };
    let server = HttpServer::new(app)
        .workers(2)
        .backlog(2048)
        .keep_alive(Duration::from_secs(75))
        .client_request_timeout(Duration::from_secs(30))
        // Tells when a client leaves, and stops what it waited for.
        .h1_allow_half_closed(false)
        .tcp_nodelay(true)
        .shutdown_timeout(1)
        .disable_signals()
        .listen(listener)?
        .run();
    Ok(server)
}

fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/v1/files", web::post().to(files::create))
        .route("/v1/files", web::get().to(files::list))
        .route("/v1/files/{id}", web::get().to(files::find))
        .route("/v1/files/{id}", web::delete().to(files::delete))
        .route("/v1/files/{id}/content", web::get().to(files::content))
        .route("/v1/responses", web::post().to(responses::create))
        .route("/v1/responses/input_tokens", web::post().to(responses::count_tokens))
        .route("/v1/responses/{id}", web::get().to(responses::find))
        .route("/v1/responses/{id}", web::delete().to(responses::delete))
        .route("/v1/responses/{id}/cancel", web::post().to(responses::cancel))
        .route("/v1/responses/{id}/input_items", web::get().to(responses::input_items))
        .configure(store_routes)
        .configure(control::routes);
}

fn store_routes(config: &mut web::ServiceConfig) {
    config
        .route("/v1/vector_stores", web::post().to(stores::create))
        .route("/v1/vector_stores", web::get().to(stores::list))
        .route("/v1/vector_stores/{id}", web::get().to(stores::find))
        .route("/v1/vector_stores/{id}", web::post().to(stores::update))
        .route("/v1/vector_stores/{id}", web::delete().to(stores::delete))
        .route("/v1/vector_stores/{id}/search", web::post().to(stores::search))
        .route("/v1/vector_stores/{id}/files", web::post().to(store_files::attach))
        .route("/v1/vector_stores/{id}/files", web::get().to(store_files::list))
        .route("/v1/vector_stores/{id}/files/{file}", web::get().to(store_files::find))
        .route("/v1/vector_stores/{id}/files/{file}", web::post().to(store_files::update))
        .route("/v1/vector_stores/{id}/files/{file}", web::delete().to(store_files::detach))
        .route("/v1/vector_stores/{id}/files/{file}/content", web::get().to(store_files::content));
}

async fn nowhere(request: HttpRequest) -> HttpResponse {
    let message = format!("Invalid URL ({} {})", request.method(), request.path());
    Refusal::not_found(message).error_response()
}
