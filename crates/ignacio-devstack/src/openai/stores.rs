//! Vector stores: create, list, look up, change, delete, search.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::openai::{
    gate::Arrival,
    ids,
    paging::{Entry, Query, Sizes, page},
    refusal::Refusal,
    request::{FileSearch, check_metadata},
    store_files::{Status, StoreFile},
    world::World,
};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// A vector store as the stand-in keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoreRecord {
    /// `vs_…`.
    pub(crate) id: String,
    /// In the order in which they were added.
    pub(crate) files: Vec<StoreFile>,
    serial: u64,
    name: Option<String>,
    description: Option<String>,
    created_at: i64,
    last_active_at: i64,
    expires_after_days: Option<i64>,
    metadata: Value,
}

impl StoreRecord {
    /// The highest serial in it.
    pub(crate) fn last_serial(&self) -> u64 {
        self.files.iter().map(|it| it.serial).fold(self.serial, u64::max)
    }

    /// Whether it has gone stale: then it finds nothing any more.
    pub(crate) fn is_expired(&self, now: i64) -> bool {
        self.expires_at().is_some_and(|it| it <= now)
    }

    fn expires_at(&self) -> Option<i64> {
        Some(self.last_active_at.saturating_add(self.expires_after_days?.saturating_mul(DAY)))
    }

    fn view(&self, now: i64) -> Value {
        let count = |status: Status| self.files.iter().filter(|it| it.status == status).count();
        let in_progress = count(Status::InProgress);
        let status = match in_progress {
            _ if self.is_expired(now) => "expired",
            0 => "completed",
            _ => "in_progress",
        };
        let expires_after =
            self.expires_after_days.map(|days| json!({ "anchor": "last_active_at", "days": days }));
        json!({
            "id": self.id, "object": "vector_store", "created_at": self.created_at,
            "name": self.name, "description": self.description, "status": status,
            "usage_bytes": self.files.iter().map(|it| it.usage_bytes).sum::<u64>(),
            "file_counts": {
                "in_progress": in_progress, "completed": count(Status::Completed),
                "failed": count(Status::Failed), "cancelled": 0, "total": self.files.len(),
            },
            "expires_after": expires_after, "expires_at": self.expires_at(),
            "last_active_at": self.last_active_at, "metadata": self.metadata,
        })
    }

    /// Takes over what a request says; what it does not mention stays.
    fn set(&mut self, fields: &Map<String, Value>) -> Result<(), Refusal> {
        let text = |it: &Value| it.as_str().map(str::to_owned);
        if let Some(name) = fields.get("name") {
            self.name = text(name);
        }
        if let Some(description) = fields.get("description") {
            self.description = text(description);
        }
        if let Some(metadata) = fields.get("metadata") {
            check_metadata(Some(metadata))?;
            self.metadata = metadata.clone();
        }
        if let Some(expiry) = fields.get("expires_after") {
            self.expires_after_days = expiry_days(expiry)?;
        }
        Ok(())
    }
}

fn expiry_days(expiry: &Value) -> Result<Option<i64>, Refusal> {
    if expiry.is_null() {
        return Ok(None);
    }
    let anchor = expiry.get("anchor").and_then(Value::as_str).unwrap_or_default();
    if anchor != "last_active_at" {
        return Err(Refusal::wrong_value("expires_after.anchor", anchor, &["last_active_at"]));
    }
    let param = "expires_after.days";
    let days = expiry.get("days").and_then(Value::as_u64);
    let days = days.ok_or_else(|| Refusal::wrong_type(param, "an integer"))?;
    if !(1..=365).contains(&days) {
        return Err(Refusal::out_of_bounds(param, days, 1, 365));
    }
    Ok(i64::try_from(days).ok())
}

/// `POST /v1/vector_stores`.
pub(crate) async fn create(
    world: web::Data<World>,
    request: HttpRequest,
) -> Result<HttpResponse, Refusal> {
    let fields = Arrival::optional_fields(&request)?;
    let now = world.now();
    let mut store = StoreRecord {
        id: ids::fresh("vs"),
        files: Vec::new(),
        serial: 0,
        name: None,
        description: None,
        created_at: now,
        last_active_at: now,
        expires_after_days: None,
        metadata: json!({}),
    };
    store.set(&fields)?;
    let listed = fields.get("file_ids").and_then(Value::as_array);
    let file_ids: Vec<String> =
        listed.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    for id in &file_ids {
        world.file(id)?;
    }
    let id = store.id.clone();
    let mut shelves = world.shelves();
    store.serial = shelves.next_serial();
    shelves.counters.stores += 1;
    world.disk.save("stores", &id, &store);
    shelves.stores.insert(id.clone(), store);
    drop(shelves);
    let world = world.into_inner();
    for file_id in &file_ids {
        world.attach(&id, file_id, &Map::new(), None)?;
    }
    world.touch();
    Ok(HttpResponse::Ok().json(world.store(&id)?.view(now)))
}

/// `GET /v1/vector_stores`.
pub(crate) async fn list(world: web::Data<World>, query: Query) -> Result<HttpResponse, Refusal> {
    let now = world.now();
    let shelves = world.shelves();
    let entry =
        |it: &StoreRecord| Entry { serial: it.serial, id: it.id.clone(), view: it.view(now) };
    let entries = shelves.stores.values().map(entry).collect();
    Ok(HttpResponse::Ok().json(page(entries, &query, &Sizes { usual: 20, most: 100 })?))
}

/// `GET /v1/vector_stores/{id}`.
pub(crate) async fn find(
    world: web::Data<World>,
    id: web::Path<String>,
) -> Result<HttpResponse, Refusal> {
    Ok(HttpResponse::Ok().json(world.store(&id)?.view(world.now())))
}

/// `POST /v1/vector_stores/{id}`.
pub(crate) async fn update(
    world: web::Data<World>,
    id: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Refusal> {
    let fields = Arrival::fields(&request)?;
    let mut store = world.store(&id)?;
    store.set(&fields)?;
    let now = world.now();
    world.with_store(&id, |it| {
        it.set(&fields)?;
        it.last_active_at = now;
        Ok(HttpResponse::Ok().json(it.view(now)))
    })?
}

/// `DELETE /v1/vector_stores/{id}`. The files themselves stay.
pub(crate) async fn delete(
    world: web::Data<World>,
    id: web::Path<String>,
) -> Result<HttpResponse, Refusal> {
    world.store(&id)?;
    world.delete_store(&id);
    world.shelves().counters.stores_deleted += 1;
    let answer = json!({ "id": *id, "object": "vector_store.deleted", "deleted": true });
    Ok(HttpResponse::Ok().json(answer))
}

/// `POST /v1/vector_stores/{id}/search`.
pub(crate) async fn search(
    world: web::Data<World>,
    id: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Refusal> {
    let fields = Value::Object(Arrival::fields(&request)?);
    let queries: Vec<String> = match fields.get("query") {
        Some(Value::String(query)) => vec![query.clone()],
        Some(Value::Array(queries)) => {
            queries.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        _ => return Err(Refusal::missing("query")),
    };
    let conditions = FileSearch::conditions("search", &fields, 10)?;
    let search = FileSearch { store_ids: vec![id.into_inner()], ..conditions };
    let hits = world.search(&search, &queries.join(" "))?;
    let view = |hit: &crate::openai::search::Hit| {
        json!({
            "file_id": hit.source.file_id, "filename": hit.source.filename, "score": hit.score,
            "attributes": hit.source.attributes,
            "content": [{ "type": "text", "text": hit.text }],
        })
    };
    Ok(HttpResponse::Ok().json(json!({
        "object": "vector_store.search_results.page", "search_query": queries,
        "data": hits.iter().map(view).collect::<Vec<_>>(), "has_more": false, "next_page": null,
    })))
}

impl World {
    /// A store that is there.
    pub(crate) fn store(&self, id: &str) -> Result<StoreRecord, Refusal> {
        self.sweep();
        let store = self.shelves().stores.get(id).cloned();
        store.ok_or_else(|| no_store(id))
    }

    /// Changes a store and keeps it.
    pub(crate) fn with_store<T>(
        &self,
        id: &str,
        change: impl FnOnce(&mut StoreRecord) -> T,
    ) -> Result<T, Refusal> {
        let mut shelves = self.shelves();
        let store = shelves.stores.get_mut(id).ok_or_else(|| no_store(id))?;
        let result = change(store);
        self.disk.save("stores", id, store);
        drop(shelves);
        self.touch();
        Ok(result)
    }

    /// Deletes a store; the files themselves stay.
    pub(crate) fn delete_store(&self, id: &str) -> bool {
        // Only ids of the stand-in's own making may name something on the disk.
        let was_there = self.shelves().stores.remove(id).is_some();
        if was_there {
            self.disk.erase("stores", id);
            self.touch();
        }
        was_there
    }

    /// Notes that a store was used: its expiry counts from here.
    pub(crate) fn use_store(&self, id: &str) -> Result<(), Refusal> {
        let now = self.now();
        if self.store(id)?.is_expired(now) {
            return Err(Refusal::bad(format!("Vector store with id '{id}' is expired.")));
        }
        self.with_store(id, |it| it.last_active_at = now)
    }
}

fn no_store(id: &str) -> Refusal {
    Refusal::not_found(format!("Vector store with id '{id}' not found.")).about("vector_store_id")
}
