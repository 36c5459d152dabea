//! The files of a vector store: add, list, look up, change, read, take out.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::openai::{
    desk::Indexing,
    gate::Arrival,
    indexing,
    paging::{Entry, Query, Sizes, page},
    refusal::Refusal,
    world::World,
};

/// What the list may be filtered by.
const STATUSES: &[&str] = &["in_progress", "completed", "failed", "cancelled"];

/// A file in a store.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoreFile {
    /// The file.
    pub(crate) file_id: String,
    /// Orders the files of a store.
    pub(crate) serial: u64,
    /// How far its reading is.
    pub(crate) status: Status,
    /// What its text takes up.
    pub(crate) usage_bytes: u64,
    /// For filters.
    pub(crate) attributes: Map<String, Value>,
    /// Why it failed: code and message.
    pub(crate) last_error: Option<(String, String)>,
    created_at: i64,
    chunking_strategy: Value,
}

/// How far the reading of a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// Not read yet.
    InProgress,
    /// Can be searched.
    Completed,
    /// Cannot be read.
    Failed,
}

impl StoreFile {
    fn view(&self, store_id: &str) -> Value {
        let error =
            |(code, message): &(String, String)| json!({ "code": code, "message": message });
        json!({
            "id": self.file_id, "object": "vector_store.file", "vector_store_id": store_id,
            "created_at": self.created_at, "status": self.status, "usage_bytes": self.usage_bytes,
            "last_error": self.last_error.as_ref().map(error), "attributes": self.attributes,
            "chunking_strategy": self.chunking_strategy,
        })
    }
}

/// `POST /v1/vector_stores/{id}/files`.
pub(crate) async fn attach(
    world: web::Data<World>,
    id: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Refusal> {
    let fields = Arrival::fields(&request)?;
    world.store(&id)?;
    let file_id = fields.get("file_id").and_then(Value::as_str);
    let file_id = file_id.ok_or_else(|| Refusal::missing("file_id"))?;
    let twist = Arrival::of(&request).and_then(|it| it.indexing.clone());
    let file = world.into_inner().attach(&id, file_id, &fields, twist)?;
    Ok(HttpResponse::Ok().json(file.view(&id)))
}

/// `GET /v1/vector_stores/{id}/files`.
pub(crate) async fn list(
    world: web::Data<World>,
    id: web::Path<String>,
    query: Query,
) -> Result<HttpResponse, Refusal> {
    let store = world.store(&id)?;
    let filter = query.get("filter").map(String::as_str);
    if let Some(filter) = filter.filter(|it| !STATUSES.contains(it)) {
        return Err(Refusal::wrong_value("filter", filter, STATUSES));
    }
    let fits = |it: &&StoreFile| filter.is_none_or(|filter| json!(it.status) == filter);
    let entry =
        |it: &StoreFile| Entry { serial: it.serial, id: it.file_id.clone(), view: it.view(&id) };
    let entries = store.files.iter().filter(fits).map(entry).collect();
    Ok(HttpResponse::Ok().json(page(entries, &query, &Sizes { usual: 20, most: 100 })?))
}

/// `GET /v1/vector_stores/{id}/files/{file_id}`.
pub(crate) async fn find(
    world: web::Data<World>,
    ids: web::Path<(String, String)>,
) -> Result<HttpResponse, Refusal> {
    let (store_id, file_id) = ids.into_inner();
    let file = world.store_file(&store_id, &file_id)?;
    Ok(HttpResponse::Ok().json(file.view(&store_id)))
}

/// `POST /v1/vector_stores/{id}/files/{file_id}`.
pub(crate) async fn update(
    world: web::Data<World>,
    ids: web::Path<(String, String)>,
    request: HttpRequest,
) -> Result<HttpResponse, Refusal> {
    let (store_id, file_id) = ids.into_inner();
    let attributes = attributes(&Arrival::fields(&request)?)?;
    world.store_file(&store_id, &file_id)?;
    world.with_store_file(&store_id, &file_id, |it| it.attributes = attributes);
    let file = world.store_file(&store_id, &file_id)?;
    Ok(HttpResponse::Ok().json(file.view(&store_id)))
}

/// `GET /v1/vector_stores/{id}/files/{file_id}/content`.
pub(crate) async fn content(
    world: web::Data<World>,
    ids: web::Path<(String, String)>,
) -> Result<HttpResponse, Refusal> {
    let (store_id, file_id) = ids.into_inner();
    world.store_file(&store_id, &file_id)?;
    let text = world.shelves().texts.get(&file_id).cloned().unwrap_or_default();
    let parts: Vec<Value> =
        text.passages.iter().map(|it| json!({ "type": "text", "text": it.text })).collect();
    Ok(HttpResponse::Ok().json(json!({
        "object": "vector_store.file_content.page", "data": parts, "has_more": false,
        "next_page": null,
    })))
}

/// `DELETE /v1/vector_stores/{id}/files/{file_id}`. The file itself stays.
pub(crate) async fn detach(
    world: web::Data<World>,
    ids: web::Path<(String, String)>,
) -> Result<HttpResponse, Refusal> {
    let (store_id, file_id) = ids.into_inner();
    world.store_file(&store_id, &file_id)?;
    world.with_store(&store_id, |it| it.files.retain(|file| file.file_id != file_id))?;
    world.shelves().counters.detached += 1;
    let answer = json!({ "id": file_id, "object": "vector_store.file.deleted", "deleted": true });
    Ok(HttpResponse::Ok().json(answer))
}

impl World {
    /// Adds a file to a store and begins to read it; a file that is there already is read again.
    pub(crate) fn attach(
        self: &Arc<Self>,
        store_id: &str,
        file_id: &str,
        fields: &Map<String, Value>,
        twist: Option<Indexing>,
    ) -> Result<StoreFile, Refusal> {
        self.file(file_id)?;
        let strategy = fields.get("chunking_strategy").filter(|it| !it.is_null()).cloned();
        let attributes = attributes(fields)?;
        let created_at = self.now();
        let serial = self.shelves().next_serial();
        let file = StoreFile {
            file_id: file_id.to_owned(),
            serial,
            status: Status::InProgress,
            usage_bytes: 0,
            attributes,
            last_error: None,
            created_at,
            chunking_strategy: strategy.unwrap_or_else(usual_chunking),
        };
        self.with_store(store_id, |it| {
            it.files.retain(|file| file.file_id != file_id);
            it.files.push(file.clone());
        })?;
        self.shelves().counters.attached += 1;
        indexing::start(Arc::clone(self), store_id, file_id, twist);
        Ok(file)
    }

    /// A file of a store.
    pub(crate) fn store_file(&self, store_id: &str, file_id: &str) -> Result<StoreFile, Refusal> {
        let store = self.store(store_id)?;
        let file = store.files.into_iter().find(|it| it.file_id == file_id);
        file.ok_or_else(|| {
            Refusal::not_found(format!(
                "No file found with id '{file_id}' in vector store '{store_id}'."
            ))
        })
    }

    /// Changes a file of a store, if it is still there.
    pub(crate) fn with_store_file(
        &self,
        store_id: &str,
        file_id: &str,
        change: impl FnOnce(&mut StoreFile),
    ) {
        let changed = self.with_store(store_id, |it| {
            it.files.iter_mut().find(|file| file.file_id == file_id).map(change)
        });
        // A store or a file that went in the meantime needs no change.
        drop(changed);
    }
}

fn usual_chunking() -> Value {
    json!({
        "type": "static",
        "static": { "max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400 },
    })
}

/// At most 16 keys; the values are short texts, numbers or booleans.
fn attributes(fields: &Map<String, Value>) -> Result<Map<String, Value>, Refusal> {
    let attributes = match fields.get("attributes") {
        None | Some(Value::Null) => return Ok(Map::new()),
        Some(Value::Object(attributes)) => attributes,
        Some(_) => return Err(Refusal::wrong_type("attributes", "an object")),
    };
    if attributes.len() > 16 {
        let message = "Invalid 'attributes': too many properties. Expected at most 16.";
        return Err(Refusal::bad(message).about("attributes").code("object_above_max_properties"));
    }
    for (key, value) in attributes {
        let fits = match value {
            Value::String(text) => text.chars().count() <= 512,
            Value::Number(_) | Value::Bool(_) => true,
            _ => false,
        };
        if !fits || key.chars().count() > 64 {
            let param = format!("attributes.{key}");
            return Err(Refusal::wrong_type(&param, "a short string, a number or a boolean"));
        }
    }
    Ok(attributes.clone())
}
