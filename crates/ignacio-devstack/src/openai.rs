//! The OpenAI stand-in: an HTTP server on the loopback that speaks the wire format of the
//! Responses, Files and Vector Stores APIs, without a model.
//!
//! Its answers are honest: it finds the passages of the attached documents that match the
//! question, quotes them with file citations, and says that it is a stand-in. A test reads the
//! requests ([`OpenAiStandIn::calls`]), sets the next answers ([`Script`]) and makes it fail at any
//! byte ([`Fault`]).
//! ```no_run
//! # async fn test() -> Result<(), ignacio_devstack::DevstackError> {
//! use ignacio_devstack::openai::{Effect, Fault, OpenAiOptions, OpenAiStandIn, Script};
//!
//! let openai = OpenAiStandIn::start(OpenAiOptions::for_tests())?;
//! openai.script(Script::text("Hola, soy Ignacio."));
//! openai.fault(Fault::new(Effect::CutAfterBytes { bytes: 700 }).on("POST", "/v1/responses"));
//! println!("{}", openai.base_url());
//! # Ok(())
//! # }
//! ```

mod answer;
mod api_error;
mod body_faults;
mod control;
mod data_folder;
mod documents;
mod fault_injector;
mod faults;
mod file_search;
mod files;
mod generation;
mod ids;
mod input_items;
mod limits;
mod middleware;
mod options;
mod paging;
mod ranking;
mod request_log;
mod response_request;
mod responses;
mod routes;
mod run;
mod scripts;
mod state;
mod stream;
mod tokens;
mod upload;
mod vector_store_files;
mod vector_stores;
mod words;

use std::{collections::BTreeSet, net::SocketAddr, sync::Arc, time::Duration};

use actix_web::web;

use self::state::State;
pub use self::{
    faults::{Effect, Fault, FaultId},
    options::OpenAiOptions,
    request_log::{Call, Image, Upload},
    scripts::{FileCitation, Script, Ticking},
    state::{Counters, Inventory},
};
use crate::{DevstackError, http_server::HttpServerThread, loopback};

/// A running stand-in; dropping it stops it.
#[derive(Debug)]
pub struct OpenAiStandIn {
    state: Arc<State>,
    address: SocketAddr,
    server: HttpServerThread,
}

impl OpenAiStandIn {
    /// Starts it; when this returns, it answers.
    pub fn start(options: OpenAiOptions) -> Result<Self, DevstackError> {
        let part = "the OpenAI stand-in";
        let (listener, address) = loopback::listen(part, options.port)?;
        let state = Arc::new(State::open(options)?);
        let (resumed, served) = (Arc::clone(&state), web::Data::from(Arc::clone(&state)));
        let resume = move || vector_store_files::resume_indexing(&resumed);
        let configure =
            move |config: &mut web::ServiceConfig| routes::configure(config, served.clone());
        let server = HttpServerThread::start(part, listener, resume, configure)?;
        Ok(Self { state, address, server })
    }

    /// The base URL for clients: it ends in `/v1`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// The base URL of the remote control: it ends in `/_control`.
    pub fn control_url(&self) -> String {
        format!("http://{}/_control", self.address)
    }

    /// Stops it; connections that are open break.
    pub fn stop(self) {
        drop(self.server);
    }
}

/// What a test reads.
impl OpenAiStandIn {
    /// Every request so far, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.state.requests.all()
    }

    /// The requests with this method and exactly this path, without the follow-up jobs, which come at
    /// any moment.
    pub fn calls_to(&self, method: &str, path: &str) -> Vec<Call> {
        let mut calls = self.calls();
        calls.retain(|it| it.method == method && it.path == path && it.purpose.is_none());
        calls
    }

    /// The follow-up jobs with this purpose: `title` or `summary`.
    pub fn follow_up_calls(&self, purpose: &str) -> Vec<Call> {
        let mut calls = self.calls();
        calls.retain(|it| it.purpose.as_deref() == Some(purpose));
        calls
    }

    /// Forgets the requests so far.
    pub fn clear_calls(&self) {
        self.state.requests.clear();
    }

    /// How often each thing happened.
    pub fn counters(&self) -> Counters {
        self.state.store().counters
    }

    /// What exists at the moment.
    pub fn inventory(&self) -> Inventory {
        self.state.inventory()
    }

    /// The vector stores that requests for responses named, one set per request.
    pub fn searched_stores(&self) -> Vec<BTreeSet<String>> {
        let calls = self.calls_to("POST", "/v1/responses");
        calls.into_iter().map(|it| it.vector_store_ids.into_iter().collect()).collect()
    }

    /// The bytes of a file, which the API itself returns for few purposes only.
    pub fn file_bytes(&self, file_id: &str) -> Option<Vec<u8>> {
        self.state.file(file_id).ok()?;
        std::fs::read(self.state.folder.blob(file_id)).ok()
    }

    /// Waits until a condition holds; false if it takes too long. Checks again whenever a request
    /// arrives or is answered, a word is written, or an object is created or deleted.
    pub async fn until(&self, timeout: Duration, holds: impl Fn(&Self) -> bool) -> bool {
        let mut version = self.state.watch();
        let wait = async {
            while !holds(self) {
                if version.changed().await.is_err() {
                    break;
                }
            }
        };
        tokio::time::timeout(timeout, wait).await.is_ok()
    }
}

/// What a test sets.
impl OpenAiStandIn {
    /// Sets the answer to the next request that fits.
    pub fn script(&self, script: Script) {
        self.state.store().scripts.push_back(script);
    }

    /// Drops the answers that were set and not used.
    pub fn clear_scripts(&self) {
        self.state.store().scripts.clear();
    }

    /// Arms a fault.
    pub fn fault(&self, fault: Fault) -> FaultId {
        self.state.faults.arm(fault)
    }

    /// Disarms a fault; what stalls because of it continues.
    pub fn lift(&self, fault: FaultId) {
        self.state.faults.lift(|it| it == fault);
    }

    /// Disarms all faults.
    pub fn lift_all(&self) {
        self.state.faults.lift(|_| true);
    }

    /// How many faults will still hit a request: zero means that all were used up.
    pub fn armed_faults(&self) -> usize {
        self.state.faults.n_armed()
    }

    /// Advances its clock: files and stores expire, streams can no longer be joined.
    pub fn advance(&self, time: Duration) {
        self.state.advance(time);
    }

    /// Deletes a vector store without the service.
    pub fn lose_store(&self, store_id: &str) -> bool {
        self.state.delete_vector_store(store_id)
    }

    /// Deletes a response without the service: it can no longer be fetched or continued.
    pub fn lose_response(&self, response_id: &str) -> bool {
        self.state.delete_run(response_id).is_ok()
    }

    /// Forgets everything: files, stores, responses, calls, faults, scripts, counters.
    pub fn reset(&self) {
        self.state.reset();
    }
}
