//! Files: upload, list, look up, download, delete.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, Path},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::openai::{
    api_error::ApiError,
    ids,
    middleware::RequestContext,
    paging::{PageSize, Query, page},
    routes::{ApiResult, Data, ok},
    state::State,
    upload::{self, Received},
};

/// An uploaded file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct FileRecord {
    pub(crate) id: String,
    bytes: u64,
    created_at: i64,
    expires_at: Option<i64>,
    pub(crate) filename: String,
    purpose: String,
}

impl FileRecord {
    fn view(&self) -> Value {
        json!({
            "id": self.id, "object": "file", "bytes": self.bytes, "created_at": self.created_at,
            "expires_at": self.expires_at, "filename": self.filename, "purpose": self.purpose,
            "status": "processed", "status_details": null,
        })
    }
}

/// `POST /v1/files`.
pub(crate) async fn create(state: Data, request: HttpRequest, payload: web::Payload) -> ApiResult {
    let received = upload::receive(&state, &request, payload).await?;
    let call = RequestContext::of(&request)?.call;
    state.requests.update(call, |it| it.upload = Some(received.summary.clone()));
    ok(state.add_file(received)?.view())
}

/// `GET /v1/files`.
pub(crate) async fn list(state: Data, query: Query) -> ApiResult {
    state.delete_expired_files();
    let purpose = query.get("purpose");
    let store = state.store();
    let files = store.files.values().filter(|it| purpose.is_none_or(|p| *p == it.purpose));
    let entries = files.map(|it| (it.id.clone(), it.view())).collect();
    let size = PageSize { default: 10_000, max: 10_000 };
    ok(page(entries, &query, &size)?)
}

/// `GET /v1/files/{id}`.
pub(crate) async fn find(state: Data, id: Path<String>) -> ApiResult {
    ok(state.file(&id)?.view())
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
    state.store().counters.files_deleted += 1;
    ok(json!({ "id": *id, "object": "file", "deleted": true }))
}

impl State {
    /// Keeps an upload as a file.
    fn add_file(&self, received: Received) -> Result<FileRecord, ApiError> {
        let id = ids::fresh("file-");
        let moved = received.draft.persist(self.folder.blob(&id));
        moved.map_err(|error| ApiError::internal("keep the file", &error))?;
        let now = self.now();
        let record = FileRecord {
            bytes: received.summary.bytes,
            created_at: now,
            expires_at: received.lifetime.map(|it| now.saturating_add(it)),
            filename: received.summary.filename,
            purpose: received.summary.purpose,
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

    /// Deletes a file, in every vector store as well; false if there is none.
    pub(crate) fn delete_file(&self, id: &str) -> bool {
        let mut store = self.store();
        // Only ids of the stand-in's own making may name something on the disk.
        if store.files.remove(id).is_none() {
            return false;
        }
        store.documents.remove(id);
        for vector_store in store.vector_stores.values_mut() {
            if vector_store.files.iter().any(|it| it.file_id == id) {
                vector_store.files.retain(|it| it.file_id != id);
                self.folder.save("stores", &vector_store.id, vector_store);
            }
        }
        self.erase_file(id);
        drop(store);
        self.notify();
        true
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
