//! The files of a vector store: add, list, look up, change, read, remove.

use std::{rc::Rc, sync::Arc};

use actix_web::{
    rt,
    web::{self, Path, ReqData},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::openai::{
    api_error::ApiError,
    documents::{Document, Unreadable},
    fault_injector::RequestFaults,
    faults::Effect,
    limits::Attributes,
    middleware::RequestContext,
    paging::{Query, page, params},
    routes::{ApiResult, Data, deleted, ok},
    state::State,
};

/// A file in a vector store, as clients see it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoreFile {
    pub(crate) id: String,
    object: String,
    vector_store_id: String,
    created_at: i64,
    pub(crate) status: Status,
    pub(crate) usage_bytes: u64,
    last_error: Option<Unreadable>,
    pub(crate) attributes: Attributes,
    chunking_strategy: Value,
}

/// The progress of the indexing of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    InProgress,
    Completed,
    Failed,
    Cancelled,
}

/// The file to add to a vector store.
#[derive(Deserialize)]
pub(crate) struct Attach {
    pub(crate) file_id: String,
    attributes: Option<Attributes>,
    chunking_strategy: Option<Value>,
}

#[derive(Deserialize)]
struct Update {
    attributes: Option<Attributes>,
}

#[derive(Deserialize)]
struct ListQuery {
    filter: Option<Status>,
}

/// The ids of a vector store and of a file in it.
type Ids = Path<(String, String)>;

/// `POST /v1/vector_stores/{id}/files`.
pub(crate) async fn attach(
    state: Data,
    id: Path<String>,
    context: ReqData<Rc<RequestContext>>,
) -> ApiResult {
    let file: Attach = context.json()?;
    state.vector_store(&id)?;
    state.file(&file.file_id)?;
    ok(state.into_inner().attach(&id, file, context.faults.clone())?)
}

/// `GET /v1/vector_stores/{id}/files`.
pub(crate) async fn list(state: Data, id: Path<String>, query: Query) -> ApiResult {
    let ListQuery { filter } = params(&query)?;
    let files = state.vector_store(&id)?.files;
    let files = files.iter().filter(|it| filter.is_none_or(|status| it.status == status));
    ok(page::<100>(files.map(|it| json!(it)).collect(), &query, 20)?)
}

/// `GET /v1/vector_stores/{id}/files/{file_id}`.
pub(crate) async fn find(state: Data, ids: Ids) -> ApiResult {
    ok(state.store_file(&ids.0, &ids.1)?)
}

/// `POST /v1/vector_stores/{id}/files/{file_id}`.
pub(crate) async fn update(
    state: Data,
    ids: Ids,
    context: ReqData<Rc<RequestContext>>,
) -> ApiResult {
    let update: Update = context.json()?;
    state.store_file(&ids.0, &ids.1)?;
    state.update_store_file(&ids.0, &ids.1, |it| {
        it.attributes = update.attributes.unwrap_or_default();
    });
    ok(state.store_file(&ids.0, &ids.1)?)
}

/// `GET /v1/vector_stores/{id}/files/{file_id}/content`.
pub(crate) async fn content(state: Data, ids: Ids) -> ApiResult {
    state.store_file(&ids.0, &ids.1)?;
    let document = state.document(&ids.1).unwrap_or_default();
    let part = |text: &str| json!({ "type": "text", "text": text });
    ok(json!({
        "object": "vector_store.file_content.page", "has_more": false, "next_page": null,
        "data": document.texts().map(part).collect::<Vec<_>>(),
    }))
}

/// `DELETE /v1/vector_stores/{id}/files/{file_id}`. The file itself stays.
pub(crate) async fn detach(state: Data, ids: Ids) -> ApiResult {
    state.store_file(&ids.0, &ids.1)?;
    state.update_vector_store(&ids.0, |it| it.files.retain(|file| file.id != ids.1))?;
    deleted(&ids.1, "vector_store.file.deleted")
}

/// Continues with the files whose indexing the end of the process interrupted.
pub(crate) fn resume_indexing(state: &Arc<State>) {
    let store = state.store();
    for file in store.vector_stores.values().flat_map(|it| &it.files) {
        if file.status == Status::InProgress {
            let (store_id, file_id) = (file.vector_store_id.clone(), file.id.clone());
            let no_faults = RequestFaults::default();
            drop(rt::spawn(Arc::clone(state).index(store_id, file_id, no_faults)));
        }
    }
}

impl Attach {
    /// A file without attributes.
    pub(crate) fn plain(file_id: String) -> Self {
        Self { file_id, attributes: None, chunking_strategy: None }
    }
}

impl State {
    /// Adds a file to a vector store and starts to index it; one that is there is indexed again.
    pub(crate) fn attach(
        self: &Arc<Self>,
        store_id: &str,
        file: Attach,
        faults: RequestFaults,
    ) -> Result<StoreFile, ApiError> {
        let default_chunks = || {
            json!({
                "type": "static",
                "static": { "max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400 },
            })
        };
        let file = StoreFile {
            id: file.file_id,
            object: "vector_store.file".to_owned(),
            vector_store_id: store_id.to_owned(),
            created_at: self.now(),
            status: Status::InProgress,
            usage_bytes: 0,
            last_error: None,
            attributes: file.attributes.unwrap_or_default(),
            chunking_strategy: file.chunking_strategy.unwrap_or_else(default_chunks),
        };
        self.update_vector_store(store_id, |it| {
            it.files.retain(|other| other.id != file.id);
            it.files.push(file.clone());
        })?;
        // Ends with the server: the next start continues.
        let (store_id, file_id) = (store_id.to_owned(), file.id.clone());
        drop(rt::spawn(Arc::clone(self).index(store_id, file_id, faults)));
        Ok(file)
    }

    async fn index(self: Arc<Self>, store_id: String, file_id: String, faults: RequestFaults) {
        let mut fault = None;
        for (id, effect) in faults.iter() {
            match effect {
                Effect::HoldIndexing => self.faults.lifted(id).await,
                Effect::FailIndexing { code, message } => {
                    fault = Some(Unreadable { code: code.clone(), message: message.clone() });
                }
                _ => {}
            }
        }
        let read = match fault {
            Some(error) => Err(error),
            None => self.read_document(&file_id).await,
        };
        self.update_store_file(&store_id, &file_id, |it| match read {
            Ok(document) => {
                it.status = Status::Completed;
                it.usage_bytes = document.size();
            }
            Err(error) => {
                it.status = Status::Failed;
                it.last_error = Some(error);
            }
        });
    }

    /// The text of a file, read on a thread that may wait.
    pub(crate) async fn read_document(
        self: &Arc<Self>,
        file_id: &str,
    ) -> Result<Arc<Document>, Unreadable> {
        let (state, file_id) = (Arc::clone(self), file_id.to_owned());
        // A broken document can make a reader panic; that must not end the stand-in.
        let read = web::block(move || state.document(&file_id)).await;
        read.unwrap_or_else(|_panic| {
            Err(Unreadable::new("server_error", "The file could not be read."))
        })
    }

    /// The text of a file, read when it is needed for the first time.
    pub(crate) fn document(&self, file_id: &str) -> Result<Arc<Document>, Unreadable> {
        if let Some(known) = self.store().documents.get(file_id) {
            return Ok(Arc::clone(known));
        }
        let gone = || Unreadable::new("invalid_file", "The file is gone.");
        let filename = self.file(file_id).map_err(|_error| gone())?.filename;
        let bytes = std::fs::read(self.folder.blob(file_id)).map_err(|_error| gone())?;
        let document = Arc::new(Document::read(&filename, &bytes)?);
        let mut store = self.store();
        if store.files.contains_key(file_id) {
            store.documents.insert(file_id.to_owned(), Arc::clone(&document));
        }
        Ok(document)
    }

    fn store_file(&self, store_id: &str, file_id: &str) -> Result<StoreFile, ApiError> {
        let files = self.vector_store(store_id)?.files;
        files.into_iter().find(|it| it.id == file_id).ok_or_else(|| {
            let message =
                format!("No file found with id '{file_id}' in vector store '{store_id}'.");
            ApiError::not_found(message)
        })
    }

    /// Changes a file of a vector store; one that was removed in the meantime needs no change.
    fn update_store_file(
        &self,
        store_id: &str,
        file_id: &str,
        change: impl FnOnce(&mut StoreFile),
    ) {
        let found = self.update_vector_store(store_id, |it| {
            it.files.iter_mut().find(|file| file.id == file_id).map(change)
        });
        drop(found);
    }
}
