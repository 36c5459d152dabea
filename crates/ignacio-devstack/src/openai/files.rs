//! Files: upload, list, look up, download, delete.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::openai::{
    gate::Arrival,
    ids,
    paging::{Entry, Query, Sizes, page},
    refusal::Refusal,
    upload::{self, Received},
    world::World,
};

/// A file as the stand-in keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct FileRecord {
    /// `file-…`.
    pub(crate) id: String,
    /// Orders files by their making.
    pub(crate) serial: u64,
    /// The size.
    pub(crate) bytes: u64,
    /// Unix seconds.
    pub(crate) created_at: i64,
    /// Unix seconds, if it is to go by itself.
    pub(crate) expires_at: Option<i64>,
    /// As uploaded.
    pub(crate) filename: String,
    /// As uploaded.
    pub(crate) purpose: String,
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
pub(crate) async fn create(
    world: web::Data<World>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Refusal> {
    let received = upload::receive(&world, &request, payload).await?;
    if let Some(arrival) = Arrival::of(&request) {
        world.ledger.note(arrival.call, |it| it.upload = Some(received.summary.clone()));
    }
    let record = world.add_file(received)?;
    Ok(HttpResponse::Ok().json(record.view()))
}

/// `GET /v1/files`.
pub(crate) async fn list(world: web::Data<World>, query: Query) -> Result<HttpResponse, Refusal> {
    world.sweep();
    let purpose = query.get("purpose");
    let shelves = world.shelves();
    let wanted = shelves.files.values().filter(|it| purpose.is_none_or(|p| *p == it.purpose));
    let entry = |it: &FileRecord| Entry { serial: it.serial, id: it.id.clone(), view: it.view() };
    let entries = wanted.map(entry).collect();
    Ok(HttpResponse::Ok().json(page(entries, &query, &Sizes { usual: 10_000, most: 10_000 })?))
}

/// `GET /v1/files/{id}`.
pub(crate) async fn find(
    world: web::Data<World>,
    id: web::Path<String>,
) -> Result<HttpResponse, Refusal> {
    Ok(HttpResponse::Ok().json(world.file(&id)?.view()))
}

/// `GET /v1/files/{id}/content`. The live API does not hand out what was uploaded to be read.
pub(crate) async fn content(
    world: web::Data<World>,
    id: web::Path<String>,
) -> Result<HttpResponse, Refusal> {
    let file = world.file(&id)?;
    if let "assistants" | "user_data" = file.purpose.as_str() {
        let message = format!("Not allowed to download files of purpose: {}", file.purpose);
        return Err(Refusal::bad(message));
    }
    let bytes = tokio::fs::read(world.disk.blob(&file.id)).await;
    let bytes = bytes.map_err(|error| Refusal::own_fault("read the file", &error))?;
    Ok(HttpResponse::Ok().content_type("application/octet-stream").body(bytes))
}

/// `DELETE /v1/files/{id}`. The file goes out of every vector store, too.
pub(crate) async fn delete(
    world: web::Data<World>,
    id: web::Path<String>,
) -> Result<HttpResponse, Refusal> {
    world.file(&id)?;
    world.delete_file(&id);
    world.shelves().counters.files_deleted += 1;
    Ok(HttpResponse::Ok().json(json!({ "id": *id, "object": "file", "deleted": true })))
}

impl World {
    /// Keeps an upload as a file.
    fn add_file(&self, received: Received) -> Result<FileRecord, Refusal> {
        let id = ids::file();
        let moved = received.draft.persist(self.disk.blob(&id));
        moved.map_err(|error| Refusal::own_fault("keep the file", &error))?;
        let now = self.now();
        let mut shelves = self.shelves();
        let record = FileRecord {
            serial: shelves.next_serial(),
            bytes: received.summary.bytes,
            created_at: now,
            expires_at: received.lives.map(|it| now.saturating_add(it)),
            filename: received.summary.filename,
            purpose: received.summary.purpose,
            id,
        };
        shelves.counters.files += 1;
        shelves.files.insert(record.id.clone(), record.clone());
        self.disk.save("files", &record.id, &record);
        drop(shelves);
        self.touch();
        Ok(record)
    }

    /// A file that is there.
    pub(crate) fn file(&self, id: &str) -> Result<FileRecord, Refusal> {
        self.sweep();
        let file = self.shelves().files.get(id).cloned();
        file.ok_or_else(|| Refusal::not_found(format!("No such File object: {id}")).about("id"))
    }

    /// Deletes a file, in every store as well.
    pub(crate) fn delete_file(&self, id: &str) -> bool {
        let mut shelves = self.shelves();
        // Only ids of the stand-in's own making may name something on the disk.
        if shelves.files.remove(id).is_none() {
            return false;
        }
        shelves.texts.remove(id);
        for store in shelves.stores.values_mut() {
            let before = store.files.len();
            store.files.retain(|it| it.file_id != id);
            if store.files.len() < before {
                self.disk.save("stores", &store.id, store);
            }
        }
        self.erase_file(id);
        drop(shelves);
        self.touch();
        true
    }

    /// Deletes the files whose time is over.
    pub(crate) fn sweep(&self) {
        let now = self.now();
        let is_over = |it: &&FileRecord| it.expires_at.is_some_and(|at| at <= now);
        let over: Vec<String> =
            self.shelves().files.values().filter(is_over).map(|it| it.id.clone()).collect();
        for id in over {
            self.delete_file(&id);
        }
    }
}
