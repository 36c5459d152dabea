//! The log of every request that reached the stand-in.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard},
};

use actix_web::{HttpMessage as _, dev::ServiceRequest, http::header};
use serde_json::Value;

use crate::{
    log_leak_scan, loopback,
    openai::{ids, input_items, response_request::purpose},
};

/// A request as it arrived; its key is not kept.
#[derive(Clone, Debug)]
pub struct Call {
    /// Counts up from 1.
    pub id: u64,
    /// Such as `POST`.
    pub method: String,
    /// Such as `/v1/responses`.
    pub path: String,
    /// Without the question mark.
    pub query: String,
    /// Whether there was a key.
    pub is_authorized: bool,
    /// The body, if it was JSON.
    pub body: Option<Value>,
    /// The purpose of a follow-up job: `title`, `summary`.
    pub purpose: Option<String>,
    /// The images that it carries.
    pub images: Vec<Image>,
    /// The file that it uploaded, once that was read.
    pub upload: Option<Upload>,
    /// The vector stores that it named, in its path or its tools.
    pub vector_store_ids: Vec<String>,
    /// The faults that hit it.
    pub faults: Vec<String>,
    /// The status of the answer; none before it, and none when the client left first.
    pub status: Option<u16>,
}

/// A multipart upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// As sent.
    pub filename: String,
    /// As sent.
    pub purpose: String,
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// As its data URL says.
    pub media_type: String,
    /// The size.
    pub bytes: usize,
}

/// The newest calls, in the order of their arrival.
#[derive(Debug)]
pub(crate) struct RequestLog {
    keep: usize,
    calls: Mutex<(u64, VecDeque<Call>)>,
}

impl RequestLog {
    /// An empty log that keeps this many calls.
    pub(crate) fn new(keep: usize) -> Self {
        Self { keep, calls: Mutex::default() }
    }

    /// Logs a request; returns its number and its request id.
    pub(crate) fn begin(&self, request: &ServiceRequest, body: Option<&Value>) -> (u64, String) {
        body.into_iter().for_each(log_leak_scan::note_json);
        let (count, calls) = &mut *self.lock();
        *count += 1;
        calls.push_back(Call {
            id: *count,
            method: request.method().to_string(),
            path: request.path().to_owned(),
            query: request.query_string().to_owned(),
            is_authorized: has_key(request),
            body: body.cloned(),
            purpose: body.and_then(purpose).map(str::to_owned),
            images: body.map(images).unwrap_or_default(),
            upload: None,
            vector_store_ids: vector_stores(request.path(), body),
            faults: Vec::new(),
            status: None,
        });
        while calls.len() > self.keep {
            calls.pop_front();
        }
        (*count, ids::fresh("req_"))
    }

    /// Changes a logged call, if it is still there.
    pub(crate) fn update(&self, id: u64, change: impl FnOnce(&mut Call)) {
        self.lock().1.iter_mut().rev().find(|it| it.id == id).map(change);
    }

    pub(crate) fn all(&self) -> Vec<Call> {
        self.lock().1.iter().cloned().collect()
    }

    /// Forgets the calls; their numbers go on.
    pub(crate) fn clear(&self) {
        self.lock().1.clear();
    }

    fn lock(&self) -> MutexGuard<'_, (u64, VecDeque<Call>)> {
        loopback::lock(&self.calls)
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

fn images(body: &Value) -> Vec<Image> {
    let image = |part: &Value| {
        let (media_type, content) = input_items::data_url(part.get("image_url")?.as_str()?)?;
        Some(Image { media_type, bytes: content.len() })
    };
    let items = body.get("input").and_then(Value::as_array);
    items.into_iter().flatten().flat_map(input_items::parts).filter_map(image).collect()
}

fn vector_stores(path: &str, body: Option<&Value>) -> Vec<String> {
    let in_path = path.strip_prefix("/v1/vector_stores/").and_then(|it| it.split('/').next());
    let tools = body.and_then(|it| it.get("tools")).and_then(Value::as_array);
    let in_tools =
        tools.into_iter().flatten().filter_map(|it| it.get("vector_store_ids")?.as_array());
    let in_tools = in_tools.flatten().filter_map(Value::as_str);
    in_path.into_iter().chain(in_tools).map(str::to_owned).collect()
}
