//! The files of a vector store: add, list, look up, change, read, remove.

use std::sync::Arc;

use actix_web::{
    HttpRequest, rt,
    web::{self, Path},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::openai::{
    api_error::{ApiError, parse},
    documents::{Document, Unreadable},
    fault_injector::RequestFaults,
    faults::Effect,
    limits::Attributes,
    middleware::RequestContext,
    paging::{PageSize, Query, page},
    routes::{ApiResult, Data, ok},
    state::State,
};

/// A file in a vector store.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoreFile {
    pub(crate) file_id: String,
    pub(crate) status: Status,
    pub(crate) usage_bytes: u64,
    pub(crate) attributes: Attributes,
    last_error: Option<Unreadable>,
    created_at: i64,
    chunking_strategy: Value,
}

/// How far the indexing of a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    InProgress,
    Completed,
    Failed,
    Cancelled,
}

#[derive(Deserialize)]
struct Attach {
    file_id: String,
    attributes: Option<Attributes>,
    chunking_strategy: Option<Value>,
}

#[derive(Deserialize)]
struct Update {
    attributes: Option<Attributes>,
}

impl StoreFile {
    pub(crate) fn new(
        file_id: String,
        created_at: i64,
        attributes: Attributes,
        chunking_strategy: Option<Value>,
    ) -> Self {
        let default = || {
            json!({
                "type": "static",
                "static": { "max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400 },
            })
        };
        Self {
            file_id,
            status: Status::InProgress,
            usage_bytes: 0,
            attributes,
            last_error: None,
            created_at,
            chunking_strategy: chunking_strategy.unwrap_or_else(default),
        }
    }

    fn view(&self, store_id: &str) -> Value {
        json!({
            "id": self.file_id, "object": "vector_store.file", "vector_store_id": store_id,
            "created_at": self.created_at, "status": self.status, "usage_bytes": self.usage_bytes,
            "last_error": self.last_error, "attributes": self.attributes,
            "chunking_strategy": self.chunking_strategy,
        })
    }
}

/// `POST /v1/vector_stores/{id}/files`.
pub(crate) async fn attach(state: Data, id: Path<String>, request: HttpRequest) -> ApiResult {
    let context = RequestContext::of(&request)?;
    let Attach { file_id, attributes, chunking_strategy } = context.json()?;
    state.vector_store(&id)?;
    state.file(&file_id)?;
    let attributes = attributes.unwrap_or_default();
    let file = StoreFile::new(file_id, state.now(), attributes, chunking_strategy);
    let view = file.view(&id);
    state.into_inner().attach(&id, file, Some(context.faults.clone()))?;
    ok(view)
}

/// `GET /v1/vector_stores/{id}/files`.
pub(crate) async fn list(state: Data, id: Path<String>, query: Query) -> ApiResult {
    let filter = query.get("filter").map(|it| parse::<Status>(json!(it))).transpose()?;
    let files = state.vector_store(&id)?.files;
    let files = files.iter().filter(|it| filter.is_none_or(|status| it.status == status));
    let entries = files.map(|it| (it.file_id.clone(), it.view(&id))).collect();
    ok(page(entries, &query, &PageSize { default: 20, max: 100 })?)
}

/// `GET /v1/vector_stores/{id}/files/{file_id}`.
pub(crate) async fn find(state: Data, ids: Path<(String, String)>) -> ApiResult {
    let (store_id, file_id) = ids.into_inner();
    ok(state.store_file(&store_id, &file_id)?.view(&store_id))
}

/// `POST /v1/vector_stores/{id}/files/{file_id}`.
pub(crate) async fn update(
    state: Data,
    ids: Path<(String, String)>,
    request: HttpRequest,
) -> ApiResult {
    let (store_id, file_id) = ids.into_inner();
    let update: Update = RequestContext::of(&request)?.json()?;
    state.store_file(&store_id, &file_id)?;
    state.update_store_file(&store_id, &file_id, |it| {
        it.attributes = update.attributes.unwrap_or_default();
    });
    ok(state.store_file(&store_id, &file_id)?.view(&store_id))
}

/// `GET /v1/vector_stores/{id}/files/{file_id}/content`.
pub(crate) async fn content(state: Data, ids: Path<(String, String)>) -> ApiResult {
    let (store_id, file_id) = ids.into_inner();
    state.store_file(&store_id, &file_id)?;
    let document = state.document(&file_id).unwrap_or_default();
    let part = |text: &str| json!({ "type": "text", "text": text });
    ok(json!({
        "object": "vector_store.file_content.page", "has_more": false, "next_page": null,
        "data": document.texts().map(part).collect::<Vec<_>>(),
    }))
}

/// `DELETE /v1/vector_stores/{id}/files/{file_id}`. The file itself stays.
pub(crate) async fn detach(state: Data, ids: Path<(String, String)>) -> ApiResult {
    let (store_id, file_id) = ids.into_inner();
    state.store_file(&store_id, &file_id)?;
    state.update_vector_store(&store_id, |it| it.files.retain(|file| file.file_id != file_id))?;
    state.store().counters.detached += 1;
    let answer = json!({ "id": file_id, "object": "vector_store.file.deleted", "deleted": true });
    ok(answer)
}

/// Continues with the files whose indexing the end of the process interrupted.
pub(crate) fn resume_indexing(state: &Arc<State>) {
    let unfinished: Vec<(String, String)> = {
        let store = state.store();
        let files = store.vector_stores.values().flat_map(|it| {
            let files = it.files.iter().filter(|file| file.status == Status::InProgress);
            files.map(|file| (it.id.clone(), file.file_id.clone()))
        });
        files.collect()
    };
    for (store_id, file_id) in unfinished {
        drop(rt::spawn(Arc::clone(state).index(store_id, file_id, None)));
    }
}

impl State {
    /// Adds a file to a vector store and starts to index it; one that is there is indexed again.
    pub(crate) fn attach(
        self: &Arc<Self>,
        store_id: &str,
        file: StoreFile,
        faults: Option<RequestFaults>,
    ) -> Result<(), ApiError> {
        let file_id = file.file_id.clone();
        self.update_vector_store(store_id, |it| {
            it.files.retain(|other| other.file_id != file.file_id);
            it.files.push(file);
        })?;
        self.store().counters.attached += 1;
        // Ends with the server: the next start continues.
        drop(rt::spawn(Arc::clone(self).index(store_id.to_owned(), file_id, faults)));
        Ok(())
    }

    async fn index(
        self: Arc<Self>,
        store_id: String,
        file_id: String,
        faults: Option<RequestFaults>,
    ) {
        let mut fault = None;
        for (effect, stall) in faults.iter().flat_map(RequestFaults::iter) {
            match effect {
                Effect::HoldIndexing => self.faults.wait(stall).await,
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

    /// The text of a file, read at the first need.
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
        files.into_iter().find(|it| it.file_id == file_id).ok_or_else(|| {
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
            it.files.iter_mut().find(|file| file.file_id == file_id).map(change)
        });
        drop(found);
    }
}
