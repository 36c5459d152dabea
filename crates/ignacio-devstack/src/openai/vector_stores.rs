//! Vector stores: create, list, look up, change, delete, search.

use std::rc::Rc;

use actix_web::web::{Path, ReqData};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::openai::{
    api_error::ApiError,
    fault_injector::RequestFaults,
    file_search::{FileSearch, Found},
    ids,
    limits::{Int, Metadata},
    middleware::RequestContext,
    paging::{Query, page},
    routes::{ApiResult, Data, deleted, ok},
    state::State,
    vector_store_files::{Attach, Status, StoreFile},
};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// A vector store.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct VectorStore {
    pub(crate) id: String,
    /// In the order in which they were added.
    pub(crate) files: Vec<StoreFile>,
    name: Option<String>,
    description: Option<String>,
    created_at: i64,
    last_active_at: i64,
    expires_after: Option<ExpiresAfter>,
    metadata: Metadata,
}

/// The fields that a request sets; what it does not mention stays as it is.
#[derive(Deserialize)]
pub(crate) struct Fields {
    name: Option<String>,
    description: Option<String>,
    metadata: Option<Metadata>,
    expires_after: Option<ExpiresAfter>,
    #[serde(default)]
    file_ids: Vec<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
struct ExpiresAfter {
    anchor: Anchor,
    days: Int<1, 365>,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Anchor {
    LastActiveAt,
}

impl VectorStore {
    /// Whether it was unused for too long: then it finds nothing any more.
    fn is_expired(&self, now: i64) -> bool {
        self.expires_at().is_some_and(|it| it <= now)
    }

    fn expires_at(&self) -> Option<i64> {
        let days = i64::try_from(self.expires_after?.days.0).ok()?;
        Some(self.last_active_at.saturating_add(days * DAY))
    }

    fn view(&self, now: i64) -> Value {
        let count = |status: Status| self.files.iter().filter(|it| it.status == status).count();
        let in_progress = count(Status::InProgress);
        let status = match in_progress {
            _ if self.is_expired(now) => "expired",
            0 => "completed",
            _ => "in_progress",
        };
        json!({
            "id": self.id, "object": "vector_store", "created_at": self.created_at,
            "name": self.name, "description": self.description, "status": status,
            "usage_bytes": self.files.iter().map(|it| it.usage_bytes).sum::<u64>(),
            "file_counts": {
                "in_progress": in_progress, "completed": count(Status::Completed),
                "failed": count(Status::Failed), "cancelled": 0, "total": self.files.len(),
            },
            "expires_after": self.expires_after, "expires_at": self.expires_at(),
            "last_active_at": self.last_active_at, "metadata": self.metadata,
        })
    }

    fn set(&mut self, fields: Fields) {
        self.name = fields.name.or_else(|| self.name.take());
        self.description = fields.description.or_else(|| self.description.take());
        self.metadata = fields.metadata.unwrap_or_else(|| std::mem::take(&mut self.metadata));
        self.expires_after = fields.expires_after.or(self.expires_after);
    }
}

/// `POST /v1/vector_stores`.
pub(crate) async fn create(state: Data, context: ReqData<Rc<RequestContext>>) -> ApiResult {
    let mut fields: Fields = context.json()?;
    let file_ids = std::mem::take(&mut fields.file_ids);
    for id in &file_ids {
        state.file(id)?;
    }
    let (now, id) = (state.now(), ids::fresh("vs_"));
    let mut vector_store = VectorStore {
        id: id.clone(),
        created_at: now,
        last_active_at: now,
        ..VectorStore::default()
    };
    vector_store.set(fields);
    state.folder.save("stores", &id, &vector_store);
    state.store().vector_stores.insert(id.clone(), vector_store);
    let state = state.into_inner();
    for file_id in file_ids {
        state.attach(&id, Attach::plain(file_id), RequestFaults::default())?;
    }
    state.notify();
    ok(state.vector_store(&id)?.view(now))
}

/// `GET /v1/vector_stores`.
pub(crate) async fn list(state: Data, query: Query) -> ApiResult {
    let now = state.now();
    let views = state.store().vector_stores.values().map(|it| it.view(now)).collect();
    ok(page::<100>(views, &query, 20)?)
}

/// `GET /v1/vector_stores/{id}`.
pub(crate) async fn find(state: Data, id: Path<String>) -> ApiResult {
    ok(state.vector_store(&id)?.view(state.now()))
}

/// `POST /v1/vector_stores/{id}`.
pub(crate) async fn update(
    state: Data,
    id: Path<String>,
    context: ReqData<Rc<RequestContext>>,
) -> ApiResult {
    let fields: Fields = context.json()?;
    let now = state.now();
    ok(state.update_vector_store(&id, |it| {
        it.set(fields);
        it.last_active_at = now;
        it.view(now)
    })?)
}

/// `DELETE /v1/vector_stores/{id}`. The files themselves stay.
pub(crate) async fn delete(state: Data, id: Path<String>) -> ApiResult {
    if !state.delete_vector_store(&id) {
        return Err(not_found(&id));
    }
    deleted(&id, "vector_store.deleted")
}

/// The body of a search: one query or several, and conditions.
#[derive(Deserialize)]
pub(crate) struct SearchRequest {
    query: OneOrMore,
    #[serde(flatten)]
    conditions: FileSearch,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

/// `POST /v1/vector_stores/{id}/search`.
pub(crate) async fn search(
    state: Data,
    id: Path<String>,
    context: ReqData<Rc<RequestContext>>,
) -> ApiResult {
    let search: SearchRequest = context.json()?;
    let queries = match search.query {
        OneOrMore::One(query) => vec![query],
        OneOrMore::More(queries) => queries,
    };
    let mut conditions = search.conditions;
    conditions.vector_store_ids = vec![id.into_inner()];
    let view = |found: &Found| {
        json!({
            "file_id": found.file_id, "filename": found.filename, "score": found.passage.score,
            "attributes": found.attributes,
            "content": [{ "type": "text", "text": found.passage.text }],
        })
    };
    let found = state.search(&conditions, &queries.join(" "), 10)?;
    ok(json!({
        "object": "vector_store.search_results.page", "search_query": queries,
        "data": found.iter().map(view).collect::<Vec<_>>(), "has_more": false, "next_page": null,
    }))
}

impl State {
    /// A vector store that is there.
    pub(crate) fn vector_store(&self, id: &str) -> Result<VectorStore, ApiError> {
        self.delete_expired_files();
        let found = self.store().vector_stores.get(id).cloned();
        found.ok_or_else(|| not_found(id))
    }

    /// Changes a vector store and keeps it.
    pub(crate) fn update_vector_store<T>(
        &self,
        id: &str,
        change: impl FnOnce(&mut VectorStore) -> T,
    ) -> Result<T, ApiError> {
        let mut store = self.store();
        let found = store.vector_stores.get_mut(id).ok_or_else(|| not_found(id))?;
        let result = change(found);
        self.folder.save("stores", id, found);
        drop(store);
        self.notify();
        Ok(result)
    }

    /// Deletes a vector store, whose files stay; false if there is none.
    pub(crate) fn delete_vector_store(&self, id: &str) -> bool {
        // Only ids of the stand-in's own making may name something on the disk.
        let was_there = self.store().vector_stores.remove(id).is_some();
        if was_there {
            self.folder.erase("stores", id);
            self.notify();
        }
        was_there
    }

    /// Notes that a vector store was used, which puts off its expiry.
    pub(crate) fn use_vector_store(&self, id: &str) -> Result<(), ApiError> {
        let now = self.now();
        if self.vector_store(id)?.is_expired(now) {
            return Err(ApiError::bad_request(format!("Vector store with id '{id}' is expired.")));
        }
        self.update_vector_store(id, |it| it.last_active_at = now)
    }
}

fn not_found(id: &str) -> ApiError {
    ApiError::not_found(format!("Vector store with id '{id}' not found.")).param("vector_store_id")
}
