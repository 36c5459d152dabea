//! The stand-in's state, shared by its requests.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use tokio::sync::watch;

use crate::{
    DevstackError, loopback,
    openai::{
        api_error::ApiError,
        data_folder::DataFolder,
        documents::Document,
        fault_injector::FaultInjector,
        files::FileRecord,
        options::OpenAiOptions,
        request_log::RequestLog,
        response_request::ResponseRequest,
        run::{Outcome, Run},
        scripts::Script,
        vector_store_files::Status,
        vector_stores::VectorStore,
    },
};

/// Only the newest responses are kept.
const KEPT_RESPONSES: usize = 2_000;

/// How often each thing happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Responses that were started, without the follow-up jobs.
    pub responses: u64,
    /// Follow-up jobs that were started (`metadata.purpose`): titles, summaries.
    pub follow_ups: u64,
    /// Background responses that were cancelled while they ran.
    pub cancelled: u64,
    /// Responses that ended because their client left.
    pub abandoned: u64,
    /// Input tokens of all responses whose usage was reported.
    pub input_tokens: u64,
    /// Output tokens of all responses whose usage was reported.
    pub output_tokens: u64,
    /// Files that were uploaded.
    pub files: u64,
}

/// What exists at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// Files.
    pub files: usize,
    /// Vector stores.
    pub stores: usize,
    /// Files in vector stores.
    pub store_files: usize,
    /// Of these, not indexed yet.
    pub unread: usize,
    /// Responses that are still being generated.
    pub running: usize,
}

/// Everything that clients create and delete. Ids sort by age, so each map goes from old to new.
#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) files: BTreeMap<String, FileRecord>,
    pub(crate) vector_stores: BTreeMap<String, VectorStore>,
    /// The text of files that were read, by file id.
    pub(crate) documents: HashMap<String, Arc<Document>>,
    pub(crate) scripts: VecDeque<Script>,
    pub(crate) counters: Counters,
    runs: BTreeMap<String, Arc<Run>>,
}

/// The stand-in's memory.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) options: OpenAiOptions,
    pub(crate) folder: DataFolder,
    pub(crate) faults: FaultInjector,
    pub(crate) requests: RequestLog,
    store: Mutex<Store>,
    version: watch::Sender<u64>,
    clock_offset: AtomicI64,
}

impl State {
    /// Opens the data folder, if there is one, and loads what it holds.
    pub(crate) fn open(options: OpenAiOptions) -> Result<Self, DevstackError> {
        let folder = DataFolder::open(options.data_dir.as_deref())?;
        let store = Store {
            files: folder.load("files"),
            vector_stores: folder.load("stores"),
            runs: folder
                .load::<Run, Vec<_>>("responses")
                .into_iter()
                .map(|(id, run)| (id, Arc::new(run)))
                .collect(),
            ..Store::default()
        };
        Ok(Self {
            requests: RequestLog::new(options.keep_calls),
            faults: FaultInjector::default(),
            store: store.into(),
            version: watch::Sender::default(),
            clock_offset: AtomicI64::new(0),
            folder,
            options,
        })
    }

    /// Unix seconds of the stand-in's clock.
    pub(crate) fn now(&self) -> i64 {
        loopback::now().unix_timestamp() + self.clock_offset.load(Ordering::Relaxed)
    }

    /// Turns the clock forward.
    pub(crate) fn advance(&self, time: Duration) {
        let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        self.clock_offset.fetch_add(seconds, Ordering::Relaxed);
        self.notify();
    }

    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        loopback::lock(&self.store)
    }

    /// Wakes those who wait for a change.
    pub(crate) fn notify(&self) {
        self.version.send_modify(|it| *it += 1);
    }

    /// Changes with every change of the state.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    pub(crate) fn inventory(&self) -> Inventory {
        let store = self.store();
        let store_files = || store.vector_stores.values().flat_map(|it| &it.files);
        Inventory {
            files: store.files.len(),
            stores: store.vector_stores.len(),
            store_files: store_files().count(),
            unread: store_files().filter(|it| it.status == Status::InProgress).count(),
            running: store.runs.values().filter(|it| !it.is_over()).count(),
        }
    }

    /// Forgets everything: files, stores, responses, logged requests, faults, scripts, counters.
    pub(crate) fn reset(&self) {
        self.faults.lift(|_| true);
        self.requests.clear();
        let store = std::mem::take(&mut *self.store());
        for (id, run) in &store.runs {
            run.finish(&Outcome::Cancelled, self.now());
            self.folder.erase("responses", id);
        }
        store.vector_stores.keys().for_each(|id| self.folder.erase("stores", id));
        store.files.keys().for_each(|id| self.erase_file(id));
        self.notify();
    }
}

/// For responses.
impl State {
    /// Adds a response that starts.
    pub(crate) fn add_run(&self, run: Arc<Run>) {
        let mut store = self.store();
        store.counters.responses += u64::from(!run.request.is_follow_up());
        store.counters.follow_ups += u64::from(run.request.is_follow_up());
        store.runs.insert(run.id.clone(), run);
        drop(store);
        self.notify();
    }

    /// Ends a response, counts it and keeps it; false if it had ended before.
    pub(crate) fn finish_run(&self, run: &Run, outcome: &Outcome) -> bool {
        // Under the lock, so that a reader who sees the end finds it counted.
        let mut store = self.store();
        if !run.finish(outcome, self.now()) {
            return false;
        }
        if !outcome.is_failure() {
            store.counters.input_tokens += run.usage().input;
            store.counters.output_tokens += run.usage().output;
        }
        let n_runs = store.runs.len();
        if run.request.is_stored {
            self.folder.save("responses", &run.id, run);
            let oldest = store.runs.first_entry().filter(|it| it.get().is_over());
            if let Some(oldest) = oldest.filter(|_| n_runs > KEPT_RESPONSES) {
                self.folder.erase("responses", oldest.key());
                oldest.remove();
            }
        } else {
            store.runs.remove(&run.id);
        }
        drop(store);
        self.notify();
        true
    }

    /// A stored response.
    pub(crate) fn run(&self, id: &str) -> Result<Arc<Run>, ApiError> {
        let run = self.store().runs.get(id).filter(|it| it.request.is_stored).cloned();
        run.ok_or_else(|| ApiError::not_found(format!("Response with id '{id}' not found.")))
    }

    /// Deletes a stored response, and ends it if it runs.
    pub(crate) fn delete_run(&self, id: &str) -> Result<(), ApiError> {
        let run = self.run(id)?;
        self.finish_run(&run, &Outcome::Cancelled);
        self.store().runs.remove(id);
        self.folder.erase("responses", id);
        self.notify();
        Ok(())
    }

    /// The next script that fits a request. A follow-up job comes at any moment, so it takes only a
    /// script with `containing`.
    pub(crate) fn take_script(&self, request: &ResponseRequest) -> Option<Script> {
        let (text, is_follow_up) = (request.raw.to_string(), request.is_follow_up());
        let mut store = self.store();
        let fits = |it: &Script| match &it.containing {
            Some(part) => text.contains(part.as_str()),
            None => !is_follow_up,
        };
        let at = store.scripts.iter().position(fits)?;
        match store.scripts.get(at).filter(|it| it.stays) {
            Some(script) => Some(script.clone()),
            None => store.scripts.remove(at),
        }
    }
}
