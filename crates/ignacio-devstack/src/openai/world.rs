//! All that the stand-in knows, shared by its requests.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use serde::Serialize;
use tokio::sync::watch;

use crate::{
    DevstackError, loopback,
    openai::{
        calls::Ledger,
        desk::Desk,
        disk::Disk,
        files::FileRecord,
        options::OpenAiOptions,
        passages::Document,
        refusal::Refusal,
        request::Ask,
        run::{Outcome, Run, SavedRun},
        scripts::Script,
        store_files::Status,
        stores::StoreRecord,
    },
};

/// Of so many finished responses the stream can be joined; older ones lose their events.
const JOINABLE: usize = 1_000;

/// So many finished responses are remembered at all.
const REMEMBERED: usize = 20_000;

/// How often what was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// Responses that were begun, without the small jobs.
    pub responses: u64,
    /// Responses that were begun for a purpose of their own (`metadata.purpose`): titles, summaries.
    pub small_jobs: u64,
    /// Of these, in the background.
    pub background_responses: u64,
    /// Background responses that were cancelled while they ran.
    pub cancelled: u64,
    /// Calls that asked to cancel, whatever came of them.
    pub cancel_calls: u64,
    /// Responses that ended because their client left.
    pub abandoned: u64,
    /// Input tokens of all responses whose usage was told.
    pub input_tokens: u64,
    /// Output tokens of all responses whose usage was told.
    pub output_tokens: u64,
    /// Token counts that were asked for.
    pub token_counts: u64,
    /// Files that were uploaded.
    pub files: u64,
    /// Files that were deleted.
    pub files_deleted: u64,
    /// Vector stores that were made.
    pub stores: u64,
    /// Vector stores that were deleted.
    pub stores_deleted: u64,
    /// Files that were added to a store.
    pub attached: u64,
    /// Files that were taken out of a store.
    pub detached: u64,
}

/// What is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Leftovers {
    /// Files.
    pub files: usize,
    /// Vector stores.
    pub stores: usize,
    /// Files in vector stores.
    pub store_files: usize,
    /// Of these, not read yet.
    pub unread: usize,
    /// Responses that are still being generated.
    pub running: usize,
}

/// Everything that can be made and deleted.
#[derive(Debug, Default)]
pub(crate) struct Shelves {
    /// By id.
    pub(crate) files: BTreeMap<String, FileRecord>,
    /// By id.
    pub(crate) stores: BTreeMap<String, StoreRecord>,
    /// What was read out of files, by file id.
    pub(crate) texts: HashMap<String, Arc<Document>>,
    /// Answers that were put into the stand-in's mouth.
    pub(crate) scripts: VecDeque<Script>,
    /// How often what was done.
    pub(crate) counters: Counters,
    runs: HashMap<String, Arc<Run>>,
    finished: VecDeque<String>,
    serial: u64,
}

impl Shelves {
    /// Counts up with everything that is made.
    pub(crate) fn next_serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }
}

/// The stand-in's memory.
#[derive(Debug)]
pub(crate) struct World {
    /// Settings.
    pub(crate) options: OpenAiOptions,
    /// What outlives a request or a process.
    pub(crate) disk: Disk,
    /// What is to go wrong.
    pub(crate) desk: Desk,
    /// What was asked.
    pub(crate) ledger: Ledger,
    shelves: Mutex<Shelves>,
    version: watch::Sender<u64>,
    advance: AtomicI64,
}

impl World {
    /// Opens the data folder, if there is one, and takes up what lies in it.
    pub(crate) fn open(options: OpenAiOptions) -> Result<Self, DevstackError> {
        let disk = Disk::open(options.data_dir.as_deref())?;
        let world = Self {
            ledger: Ledger::new(options.keep_calls),
            desk: Desk::default(),
            shelves: Mutex::new(shelves_from(&disk)),
            version: watch::Sender::default(),
            advance: AtomicI64::new(0),
            disk,
            options,
        };
        Ok(world)
    }

    /// Unix seconds, as far as they were not turned forward.
    pub(crate) fn now(&self) -> i64 {
        loopback::now().unix_timestamp() + self.advance.load(Ordering::Relaxed)
    }

    /// Turns the clock forward.
    pub(crate) fn advance(&self, time: Duration) {
        let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        self.advance.fetch_add(seconds, Ordering::Relaxed);
        self.touch();
    }

    /// Everything that can be made and deleted.
    pub(crate) fn shelves(&self) -> MutexGuard<'_, Shelves> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells those who wait that something changed.
    pub(crate) fn touch(&self) {
        self.version.send_modify(|it| *it += 1);
    }

    /// Tells of every change.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// What is there.
    pub(crate) fn leftovers(&self) -> Leftovers {
        let shelves = self.shelves();
        let store_files = || shelves.stores.values().flat_map(|it| &it.files);
        Leftovers {
            files: shelves.files.len(),
            stores: shelves.stores.len(),
            store_files: store_files().count(),
            unread: store_files().filter(|it| it.status == Status::InProgress).count(),
            running: shelves.runs.values().filter(|it| !it.is_over()).count(),
        }
    }

    /// Forgets everything: files, stores, responses, calls, faults, scripts, counts.
    pub(crate) fn reset(&self) {
        self.desk.clear();
        self.ledger.clear();
        let all = std::mem::take(&mut *self.shelves());
        for run in all.runs.values() {
            run.finish(&Outcome::Cancelled, self.now());
            self.disk.erase("responses", &run.id);
        }
        for id in all.stores.keys() {
            self.disk.erase("stores", id);
        }
        for id in all.files.keys() {
            self.erase_file(id);
        }
        self.touch();
    }

    /// Takes everything off the disk that belongs to a file.
    pub(crate) fn erase_file(&self, id: &str) {
        for folder in ["files", "blobs", "texts"] {
            self.disk.erase(folder, id);
        }
    }
}

/// For responses.
impl World {
    /// Remembers a response that begins.
    pub(crate) fn begin(&self, run: Arc<Run>) {
        let mut shelves = self.shelves();
        shelves.counters.responses += u64::from(!run.is_small_job);
        shelves.counters.small_jobs += u64::from(run.is_small_job);
        shelves.counters.background_responses += u64::from(run.is_background);
        shelves.runs.insert(run.id.clone(), run);
        drop(shelves);
        self.touch();
    }

    /// Ends a response, counts it and keeps it; nothing happens if it had ended.
    pub(crate) fn conclude(&self, run: &Run, outcome: &Outcome) -> bool {
        // Under the lock, so that whoever sees the end sees it counted, too.
        let mut shelves = self.shelves();
        if !run.finish(outcome, self.now()) {
            return false;
        }
        if !matches!(outcome, Outcome::Failed(..) | Outcome::Broken(..)) {
            shelves.counters.input_tokens += run.usage().input;
            shelves.counters.output_tokens += run.usage().output;
        }
        // Background responses outlive their client; the others too, if they are stored.
        if run.is_stored {
            self.disk.save("responses", &run.id, &run.saved());
            shelves.finished.push_back(run.id.clone());
            self.thin_out(&mut shelves);
        } else {
            shelves.runs.remove(&run.id);
        }
        drop(shelves);
        self.touch();
        true
    }

    fn thin_out(&self, shelves: &mut Shelves) {
        let oldest = shelves.finished.len().checked_sub(JOINABLE + 1);
        if let Some(id) = oldest.and_then(|it| shelves.finished.get(it))
            && let Some(run) = shelves.runs.get(id)
        {
            run.forget_events();
        }
        while shelves.finished.len() > REMEMBERED {
            if let Some(id) = shelves.finished.pop_front() {
                shelves.runs.remove(&id);
                self.disk.erase("responses", &id);
            }
        }
    }

    /// A stored response.
    pub(crate) fn run(&self, id: &str) -> Result<Arc<Run>, Refusal> {
        let run = self.shelves().runs.get(id).filter(|it| it.is_stored).cloned();
        run.ok_or_else(|| Refusal::not_found(format!("Response with id '{id}' not found.")))
    }

    /// Forgets a stored response, and ends it if it runs.
    pub(crate) fn delete_run(&self, id: &str) -> Result<(), Refusal> {
        let run = self.run(id)?;
        self.conclude(&run, &Outcome::Cancelled);
        let mut shelves = self.shelves();
        shelves.runs.remove(id);
        shelves.finished.retain(|it| it != id);
        drop(shelves);
        self.disk.erase("responses", id);
        self.touch();
        Ok(())
    }

    /// The next script that fits a request. A small job takes only one that looks for something in
    /// it: it may come at any moment, and is not what a test has in mind.
    pub(crate) fn take_script(&self, ask: &Ask) -> Option<Script> {
        let (request, is_small_job) = (ask.as_text(), ask.is_small_job());
        let mut shelves = self.shelves();
        let fits = |it: &Script| match &it.containing {
            Some(text) => request.contains(text.as_str()),
            None => !is_small_job,
        };
        let at = shelves.scripts.iter().position(fits)?;
        if shelves.scripts.get(at).is_some_and(|it| it.stays) {
            return shelves.scripts.get(at).cloned();
        }
        shelves.scripts.remove(at)
    }
}

fn shelves_from(disk: &Disk) -> Shelves {
    let files: Vec<FileRecord> = disk.load("files");
    let mut stores: Vec<StoreRecord> = disk.load("stores");
    let mut runs: Vec<Run> =
        disk.load::<SavedRun>("responses").into_iter().map(Into::into).collect();
    runs.sort_by_key(|it| it.created_at);
    let ids: BTreeSet<&String> = files.iter().map(|it| &it.id).collect();
    let mut texts = HashMap::new();
    for store in &mut stores {
        // A file that went while the store could not be written is out of it, too.
        store.files.retain(|it| ids.contains(&it.file_id));
        for file in &store.files {
            if let Some(text) = disk.text(&file.file_id) {
                texts.insert(file.file_id.clone(), Arc::new(Document::from_text(&text)));
            }
        }
    }
    let serials =
        files.iter().map(|it| it.serial).chain(stores.iter().map(StoreRecord::last_serial));
    Shelves {
        serial: serials.max().unwrap_or_default(),
        files: files.into_iter().map(|it| (it.id.clone(), it)).collect(),
        stores: stores.into_iter().map(|it| (it.id.clone(), it)).collect(),
        texts,
        finished: runs.iter().map(|it| it.id.clone()).collect(),
        runs: runs.into_iter().map(|it| (it.id.clone(), Arc::new(it))).collect(),
        scripts: VecDeque::new(),
        counters: Counters::default(),
    }
}
