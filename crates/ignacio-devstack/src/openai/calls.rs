//! The record of every request that reached the stand-in.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use actix_web::{HttpMessage as _, dev::ServiceRequest, http::header};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

use crate::{
    canary, loopback,
    openai::{ids, items},
};

/// The headers that a record keeps; the key is not among them.
const KEPT: &[&str] = &[
    "accept",
    "content-length",
    "content-type",
    "idempotency-key",
    "openai-beta",
    "transfer-encoding",
    "user-agent",
    "x-client-request-id",
];

/// A request as it arrived.
#[derive(Clone, Debug, Serialize)]
pub struct Call {
    /// Counts up from 1.
    pub id: u64,
    /// When it arrived.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Such as `POST`.
    pub method: String,
    /// Such as `/v1/responses`.
    pub path: String,
    /// Without the question mark.
    pub query: String,
    /// The headers that tell something; never the key.
    pub headers: BTreeMap<String, String>,
    /// Whether there was a key.
    pub is_authorized: bool,
    /// The body, if it was JSON.
    pub body: Option<Value>,
    /// What a request for a response says that it is for: `title`, `summary`.
    pub purpose: Option<String>,
    /// The images that it carries.
    pub images: Vec<Image>,
    /// What was uploaded, once it was read.
    pub upload: Option<Upload>,
    /// The vector stores that it named, in its path or its tools.
    pub vector_store_ids: Vec<String>,
    /// The faults that hit it.
    pub faults: Vec<String>,
    /// The status that was answered; none while it is under way and when the client left first.
    pub status: Option<u16>,
    /// Sent back as `x-request-id`.
    pub request_id: String,
}

/// What a multipart upload carried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Upload {
    /// As sent.
    pub filename: String,
    /// As sent.
    pub purpose: String,
    /// Of the file's part.
    pub content_type: Option<String>,
    /// The size.
    pub bytes: u64,
    /// The digest of the bytes, in hex.
    pub sha256: String,
    /// The live API misreads some uploads that come in chunks without a length.
    pub has_content_length: bool,
    /// The live API wants `purpose` before `file`.
    pub has_purpose_first: bool,
}

/// An image inside a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Image {
    /// As its data URL says.
    pub media_type: String,
    /// The size.
    pub bytes: usize,
    /// The digest of the bytes, in hex.
    pub sha256: String,
}

/// All calls, newest last.
#[derive(Debug)]
pub(crate) struct Ledger {
    keep: usize,
    calls: Mutex<(u64, VecDeque<Call>)>,
}

impl Ledger {
    /// An empty record that keeps so many calls.
    pub(crate) fn new(keep: usize) -> Self {
        Self { keep, calls: Mutex::default() }
    }

    /// Notes a request; its number and its request id come back.
    pub(crate) fn begin(&self, request: &ServiceRequest, body: Option<&Value>) -> (u64, String) {
        let text = |name: &str| Some(request.headers().get(name)?.to_str().ok()?.to_owned());
        let headers = KEPT.iter().filter_map(|it| Some(((*it).to_owned(), text(it)?))).collect();
        let request_id = ids::fresh("req");
        body.into_iter().for_each(canary::note_json);
        let (count, calls) = &mut *self.lock();
        *count += 1;
        calls.push_back(Call {
            id: *count,
            at: loopback::now(),
            method: request.method().to_string(),
            path: request.path().to_owned(),
            query: request.query_string().to_owned(),
            headers,
            is_authorized: has_key(request),
            body: body.cloned(),
            purpose: body.and_then(purpose).map(str::to_owned),
            images: body.map(images).unwrap_or_default(),
            upload: None,
            vector_store_ids: vector_stores(request.path(), body),
            faults: Vec::new(),
            status: None,
            request_id: request_id.clone(),
        });
        while calls.len() > self.keep {
            calls.pop_front();
        }
        (*count, request_id)
    }

    /// Adds to a recorded call, if it is still there.
    pub(crate) fn note(&self, id: u64, add: impl FnOnce(&mut Call)) {
        let (_, calls) = &mut *self.lock();
        if let Some(call) = calls.iter_mut().rev().find(|it| it.id == id) {
            add(call);
        }
    }

    /// All calls so far.
    pub(crate) fn all(&self) -> Vec<Call> {
        self.lock().1.iter().cloned().collect()
    }

    /// Forgets them; the numbers go on.
    pub(crate) fn clear(&self) {
        self.lock().1.clear();
    }

    fn lock(&self) -> MutexGuard<'_, (u64, VecDeque<Call>)> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a request brings a key; any will do.
pub(crate) fn has_key(request: &ServiceRequest) -> bool {
    let header = request.headers().get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
    let key = header.and_then(|it| it.strip_prefix("Bearer "));
    key.is_some_and(|it| !it.trim().is_empty())
}

/// Whether a request says that its body is JSON.
pub(crate) fn is_json(request: &ServiceRequest) -> bool {
    request.content_type().eq_ignore_ascii_case("application/json")
}

/// What a request says that it is for.
pub(crate) fn purpose(body: &Value) -> Option<&str> {
    body.pointer("/metadata/purpose").and_then(Value::as_str).filter(|it| !it.is_empty())
}

fn images(body: &Value) -> Vec<Image> {
    let items = body.get("input").and_then(Value::as_array);
    let parts =
        items.into_iter().flatten().filter_map(|it| it.get("content")?.as_array()).flatten();
    let image = |part: &Value| {
        let (media_type, content) = items::data_url(part.get("image_url")?.as_str()?)?;
        let sha256 = ids::hex(&Sha256::digest(&content));
        Some(Image { media_type, bytes: content.len(), sha256 })
    };
    parts.filter_map(image).collect()
}

fn vector_stores(path: &str, body: Option<&Value>) -> Vec<String> {
    let in_path = path.strip_prefix("/v1/vector_stores/").and_then(|it| it.split('/').next());
    let tools = body.and_then(|it| it.get("tools")).and_then(Value::as_array);
    let in_tools = tools
        .into_iter()
        .flatten()
        .filter_map(|it| it.get("vector_store_ids")?.as_array())
        .flatten()
        .filter_map(Value::as_str);
    in_path.into_iter().chain(in_tools).map(str::to_owned).collect()
}
