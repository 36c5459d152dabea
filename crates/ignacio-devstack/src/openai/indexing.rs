//! Reads the files of a store in the background, and searches what was read.

use std::sync::Arc;

use actix_web::{rt, web};

use crate::openai::{
    desk::Indexing,
    passages::Document,
    reading,
    refusal::Refusal,
    request::FileSearch,
    search::{Hit, Source, search},
    store_files::{Status, StoreFile},
    world::World,
};

/// Why a file cannot be searched: code and message.
type Unread = (String, String);

/// Begins to read a file of a store.
pub(crate) fn start(world: Arc<World>, store_id: &str, file_id: &str, twist: Option<Indexing>) {
    let (store_id, file_id) = (store_id.to_owned(), file_id.to_owned());
    // Ends with the server: a file that is not read by then is taken up by the next start.
    drop(rt::spawn(async move {
        let read = match twist {
            Some(Indexing::Fail { code, message }) => Err((code, message)),
            Some(Indexing::Hold(hold)) => {
                world.desk.hold(hold).await;
                world.document(&file_id).await
            }
            None => world.document(&file_id).await,
        };
        world.with_store_file(&store_id, &file_id, |it| it.set(&read));
    }));
}

/// Takes up the files that were not read when the process ended.
pub(crate) fn resume(world: &Arc<World>) {
    let open: Vec<(String, String)> = {
        let shelves = world.shelves();
        let files = shelves.stores.values().flat_map(|store| {
            let open = store.files.iter().filter(|it| it.status == Status::InProgress);
            open.map(|it| (store.id.clone(), it.file_id.clone()))
        });
        files.collect()
    };
    for (store_id, file_id) in open {
        start(Arc::clone(world), &store_id, &file_id, None);
    }
}

impl StoreFile {
    fn set(&mut self, read: &Result<Arc<Document>, Unread>) {
        match read {
            Ok(document) => {
                self.status = Status::Completed;
                self.usage_bytes = document.size();
                self.last_error = None;
            }
            Err(error) => {
                self.status = Status::Failed;
                self.last_error = Some(error.clone());
            }
        }
    }
}

impl World {
    /// The text of a file, read at the first need.
    pub(crate) async fn document(&self, file_id: &str) -> Result<Arc<Document>, Unread> {
        if let Some(known) = self.shelves().texts.get(file_id) {
            return Ok(Arc::clone(known));
        }
        let gone = || ("invalid_file".to_owned(), "The file is gone.".to_owned());
        let filename = self.file(file_id).map_err(|_refusal| gone())?.filename;
        let blob = self.disk.blob(file_id);
        // A document can bring a reader down; that must not bring the stand-in down.
        let read = web::block(move || {
            let bytes = std::fs::read(blob).map_err(|_error| gone())?;
            let text = reading::read(&filename, &bytes);
            text.map_err(|it| (it.code.to_owned(), it.message))
        });
        let crashed =
            |_error| ("server_error".to_owned(), "The file could not be read.".to_owned());
        let text = read.await.map_err(crashed)??;
        let document = Arc::new(Document::from_text(&text));
        let mut shelves = self.shelves();
        if shelves.files.contains_key(file_id) {
            self.disk.save_text(file_id, &text);
            shelves.texts.insert(file_id.to_owned(), Arc::clone(&document));
        }
        Ok(document)
    }

    /// The passages of stores that match a question, best first.
    pub(crate) fn search(&self, ask: &FileSearch, question: &str) -> Result<Vec<Hit>, Refusal> {
        let mut sources = Vec::new();
        for id in &ask.store_ids {
            self.use_store(id)?;
            sources.extend(self.sources(ask, id));
        }
        let mut hits = search(question, &sources);
        hits.retain(|it| it.score >= ask.threshold);
        hits.truncate(ask.most);
        Ok(hits)
    }

    fn sources(&self, ask: &FileSearch, store_id: &str) -> Vec<Source> {
        let shelves = self.shelves();
        let files = shelves.stores.get(store_id).into_iter().flat_map(|it| &it.files);
        let source = |it: &StoreFile| {
            let passes = ask.filter.as_ref().is_none_or(|filter| filter.admits(&it.attributes));
            let is_there = passes && it.status == Status::Completed;
            Some(Source {
                file_id: it.file_id.clone(),
                filename: shelves.files.get(&it.file_id).filter(|_| is_there)?.filename.clone(),
                attributes: it.attributes.clone(),
                document: Arc::clone(shelves.texts.get(&it.file_id)?),
            })
        };
        files.filter_map(source).collect()
    }
}
