//! Files: upload, list, look up, download, delete.

use std::rc::Rc;

use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, Path, ReqData},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::openai::{
    api_error::ApiError,
    ids,
    middleware::RequestContext,
    paging::{Query, page},
    routes::{ApiResult, Data, deleted, ok},
    state::State,
    upload::{self, Received},
};

/// An uploaded file, as clients see it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct FileRecord {
    pub(crate) id: String,
    object: String,
    bytes: u64,
    created_at: i64,
    expires_at: Option<i64>,
    pub(crate) filename: String,
    purpose: String,
    status: String,
    status_details: Option<String>,
}

/// `POST /v1/files`.
pub(crate) async fn create(
    state: Data,
    context: ReqData<Rc<RequestContext>>,
    request: HttpRequest,
    payload: web::Payload,
) -> ApiResult {
    let received = upload::receive(&state, &request, payload).await?;
    state.requests.update(context.call, |it| it.upload = Some(received.summary.clone()));
    ok(state.add_file(received)?)
}

/// `GET /v1/files`.
pub(crate) async fn list(state: Data, query: Query) -> ApiResult {
    state.delete_expired_files();
    let purpose = query.get("purpose");
    let store = state.store();
    let files = store.files.values().filter(|it| purpose.is_none_or(|p| *p == it.purpose));
    ok(page::<10_000>(files.map(|it| json!(it)).collect(), &query, 10_000)?)
}

/// `GET /v1/files/{id}`.
pub(crate) async fn find(state: Data, id: Path<String>) -> ApiResult {
    ok(state.file(&id)?)
}

/// `GET /v1/files/{id}/content`. The live API does not hand out what was uploaded to be read.
pub(crate) async fn content(state: Data, id: Path<String>) -> ApiResult {
    let file = state.file(&id)?;
    if let "assistants" | "user_data" = file.purpose.as_str() {
        let message = format!("Not allowed to download files of purpose: {}", file.purpose);
        return Err(ApiError::bad_request(message));
    }
    let bytes = tokio::fs::read(state.folder.blob(&file.id)).await;
    let bytes = bytes.map_err(|error| ApiError::internal("read the file", &error))?;
    Ok(HttpResponse::Ok().content_type("application/octet-stream").body(bytes))
}

/// `DELETE /v1/files/{id}`. The file is removed from every vector store, too.
pub(crate) async fn delete(state: Data, id: Path<String>) -> ApiResult {
    state.file(&id)?;
    state.delete_file(&id);
    deleted(&id, "file")
}

impl State {
    /// Keeps an upload as a file.
    fn add_file(&self, received: Received) -> Result<FileRecord, ApiError> {
        let id = ids::fresh("file-");
        let moved = received.draft.persist(self.folder.blob(&id));
        moved.map_err(|error| ApiError::internal("keep the file", &error))?;
        let now = self.now();
        let record = FileRecord {
            object: "file".to_owned(),
            bytes: received.summary.bytes,
            created_at: now,
            expires_at: received.lifetime.map(|it| now.saturating_add(it)),
            filename: received.summary.filename,
            purpose: received.summary.purpose,
            status: "processed".to_owned(),
            status_details: None,
            id,
        };
        let mut store = self.store();
        store.counters.files += 1;
        store.files.insert(record.id.clone(), record.clone());
        self.folder.save("files", &record.id, &record);
        drop(store);
        self.notify();
        Ok(record)
    }

    /// A file that is there.
    pub(crate) fn file(&self, id: &str) -> Result<FileRecord, ApiError> {
        self.delete_expired_files();
        let file = self.store().files.get(id).cloned();
        file.ok_or_else(|| ApiError::not_found(format!("No such File object: {id}")).param("id"))
    }

    /// Deletes a file, in every vector store as well.
    fn delete_file(&self, id: &str) {
        let mut store = self.store();
        // Only ids of the stand-in's own making may name something on the disk.
        if store.files.remove(id).is_none() {
            return;
        }
        store.documents.remove(id);
        for vector_store in store.vector_stores.values_mut() {
            if vector_store.files.iter().any(|it| it.id == id) {
                vector_store.files.retain(|it| it.id != id);
                self.folder.save("stores", &vector_store.id, vector_store);
            }
        }
        self.erase_file(id);
        drop(store);
        self.notify();
    }

    /// Removes everything that belongs to a file from the disk.
    pub(crate) fn erase_file(&self, id: &str) {
        self.folder.erase("files", id);
        self.folder.erase("blobs", id);
    }

    pub(crate) fn delete_expired_files(&self) {
        let now = self.now();
        let is_expired = |it: &&FileRecord| it.expires_at.is_some_and(|at| at <= now);
        let expired: Vec<String> =
            self.store().files.values().filter(is_expired).map(|it| it.id.clone()).collect();
        for id in expired {
            self.delete_file(&id);
        }
    }
}
