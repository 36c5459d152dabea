//! One response: what it is so far, and every event of its stream.

use std::sync::{Mutex, MutexGuard};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    loopback::{self, merged},
    openai::{ids, response_request::ResponseRequest, tokens},
};

/// A response, from its creation to long after its end.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) id: String,
    pub(crate) created_at: i64,
    pub(crate) request: ResponseRequest,
    progress: Mutex<Progress>,
    /// Ends the generation.
    #[serde(skip)]
    pub(crate) stop: CancellationToken,
    #[serde(skip)]
    version: watch::Sender<u64>,
}

/// What a response has so far.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// All fields but the output.
    object: Value,
    pub(crate) output: Vec<Value>,
    /// Each as it is sent; its place is its sequence number.
    events: Vec<String>,
    message: Option<Message>,
    pub(crate) usage: Usage,
    is_over: bool,
}

/// The message that is being written.
#[derive(Debug, Serialize, Deserialize)]
struct Message {
    id: String,
    index: usize,
    text: String,
    annotations: Vec<Value>,
}

/// The tokens of a response.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Usage {
    pub(crate) input: u64,
    /// The part of the input that the previous response had, too.
    pub(crate) cached: u64,
    pub(crate) output: u64,
}

/// How a response ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Completed,
    /// Before its last word, for this reason.
    Incomplete(String),
    /// With the code and the message of an error.
    Failed(String, String),
    /// With the code and the message of an error, and no terminal event of the response.
    Broken(String, String),
    Cancelled,
}

impl Run {
    /// A response that has just been requested.
    pub(crate) fn new(created_at: i64, request: ResponseRequest, usage: Usage) -> Self {
        let id = ids::fresh("resp_");
        Self {
            created_at,
            progress: Mutex::new(Progress {
                object: initial_object(&id, created_at, &request),
                output: Vec::new(),
                events: Vec::new(),
                message: None,
                usage,
                is_over: false,
            }),
            stop: CancellationToken::new(),
            version: watch::Sender::default(),
            request,
            id,
        }
    }

    /// What the response is now.
    pub(crate) fn object(&self) -> Value {
        self.lock().view()
    }

    pub(crate) fn usage(&self) -> Usage {
        self.lock().usage
    }

    pub(crate) fn is_over(&self) -> bool {
        self.lock().is_over
    }

    /// How many items the output has.
    pub(crate) fn n_items(&self) -> usize {
        self.lock().output.len()
    }

    /// Ends the response; false if it had ended before.
    pub(crate) fn finish(&self, outcome: &Outcome, now: i64) -> bool {
        let is_first = self.change(|it| it.finish(outcome, now));
        self.stop.cancel();
        is_first
    }

    /// Changes the response and wakes its readers; false if it is over.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Progress)) -> bool {
        let mut progress = self.lock();
        let is_open = !progress.is_over;
        if is_open {
            change(&mut progress);
            drop(progress);
            self.version.send_modify(|it| *it += 1);
        }
        is_open
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        loopback::lock(&self.progress)
    }
}

/// For readers.
impl Run {
    /// Changes with every change of the response.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// The event at a place, if it is there already.
    pub(crate) fn event(&self, place: usize) -> Option<Bytes> {
        self.lock().events.get(place).map(|it| Bytes::copy_from_slice(it.as_bytes()))
    }

    /// Waits for the end.
    pub(crate) async fn ended(&self) {
        let mut version = self.watch();
        while !self.is_over() && version.changed().await.is_ok() {}
    }
}

impl Progress {
    /// Adds an event.
    pub(crate) fn send(&mut self, kind: &str, fields: Value) {
        let own = json!({ "type": kind, "sequence_number": self.events.len() });
        self.events.push(format!("event: {kind}\ndata: {}\n\n", merged(fields, own)));
    }

    /// Sets the status and sends it with the whole object.
    pub(crate) fn send_status(&mut self, kind: &str, status: &str) {
        self.set(json!({ "status": status }));
        self.send(kind, json!({ "response": self.view() }));
    }

    fn set(&mut self, fields: Value) {
        self.object = merged(self.object.take(), fields);
    }

    fn view(&self) -> Value {
        merged(self.object.clone(), json!({ "output": self.output }))
    }

    /// Starts the message.
    pub(crate) fn open_message(&mut self) {
        let (id, index) = (ids::fresh("msg_"), self.output.len());
        let message = Message { id, index, text: String::new(), annotations: Vec::new() };
        self.send(
            "response.output_item.added",
            json!({ "output_index": index, "item": message.item("in_progress", &[]) }),
        );
        self.send("response.content_part.added", message.place(json!({ "part": message.part() })));
        self.message = Some(message);
    }

    /// Writes a piece of the message.
    pub(crate) fn write(&mut self, delta: &str, is_obfuscated: bool) {
        let Some(message) = &mut self.message else { return };
        message.text.push_str(delta);
        let mut fields = message.place(json!({ "delta": delta, "logprobs": [] }));
        if is_obfuscated {
            // Up to a multiple of 16 letters, so that the length of an event does not tell the word.
            let missing = 16 - delta.chars().count() % 16;
            let padding: String = "q7Xb2KdR9mTz4WsE".chars().take(missing).collect();
            fields = merged(fields, json!({ "obfuscation": padding }));
        }
        self.send("response.output_text.delta", fields);
    }

    /// Cites a file at the end of what is written.
    pub(crate) fn cite(&mut self, file_id: &str, filename: &str) {
        let Some(message) = &mut self.message else { return };
        let annotation = json!({
            "type": "file_citation", "file_id": file_id, "filename": filename,
            "index": message.text.chars().count(),
        });
        let fields =
            json!({ "annotation_index": message.annotations.len(), "annotation": annotation });
        message.annotations.push(annotation);
        let fields = message.place(fields);
        self.send("response.output_text.annotation.added", fields);
    }

    fn finish(&mut self, outcome: &Outcome, now: i64) {
        if let Some(message) = self.message.take() {
            self.close_message(&message, outcome);
        }
        let (status, details) = match outcome {
            Outcome::Completed => ("completed", json!({ "completed_at": now })),
            Outcome::Incomplete(reason) => {
                ("incomplete", json!({ "incomplete_details": { "reason": reason } }))
            }
            Outcome::Failed(code, message) | Outcome::Broken(code, message) => {
                ("failed", json!({ "error": { "code": code, "message": message } }))
            }
            Outcome::Cancelled => ("cancelled", json!({})),
        };
        self.set(details);
        // A response that failed has no usage.
        if !outcome.is_failure() {
            let Usage { input, cached, output } = self.usage;
            self.set(json!({ "usage": {
                "input_tokens": input,
                "input_tokens_details": { "cached_tokens": cached, "cache_write_tokens": 0 },
                "output_tokens": output,
                "output_tokens_details": { "reasoning_tokens": 0 },
                "total_tokens": input + output,
            } }));
        }
        self.set(json!({ "status": status }));
        match outcome {
            Outcome::Broken(code, message) => self.send(
                "error",
                json!({ "error": {
                    "type": "server_error", "code": code, "message": message, "param": null,
                } }),
            ),
            Outcome::Cancelled => {}
            _ => self.send_status(&format!("response.{status}"), status),
        }
        self.is_over = true;
    }

    /// Ends the message in the stream, unless the stream breaks off, and adds it to the output.
    fn close_message(&mut self, message: &Message, outcome: &Outcome) {
        let status = if *outcome == Outcome::Completed { "completed" } else { "incomplete" };
        let item = message.item(status, &[message.part()]);
        if matches!(outcome, Outcome::Completed | Outcome::Incomplete(_)) {
            let text = message.place(json!({ "text": message.text, "logprobs": [] }));
            self.send("response.output_text.done", text);
            let part = message.place(json!({ "part": message.part() }));
            self.send("response.content_part.done", part);
            let done = json!({ "output_index": message.index, "item": item });
            self.send("response.output_item.done", done);
        }
        self.usage.output = tokens::count(&message.text);
        self.output.push(item);
    }
}

impl Message {
    fn item(&self, status: &str, content: &[Value]) -> Value {
        json!({
            "id": self.id, "type": "message", "status": status, "role": "assistant",
            "content": content,
        })
    }

    fn part(&self) -> Value {
        json!({
            "type": "output_text", "text": self.text, "annotations": self.annotations,
            "logprobs": [],
        })
    }

    /// Says where in the output an event happens.
    fn place(&self, fields: Value) -> Value {
        let place = json!({ "item_id": self.id, "output_index": self.index, "content_index": 0 });
        merged(fields, place)
    }
}

impl Outcome {
    pub(crate) fn is_failure(&self) -> bool {
        matches!(self, Self::Failed(..) | Self::Broken(..))
    }
}

/// All fields but the output: what the request said, or the default, and the response's own.
fn initial_object(id: &str, created_at: i64, request: &ResponseRequest) -> Value {
    let mut object = json!({
        "instructions": null, "max_output_tokens": null, "max_tool_calls": null, "metadata": {},
        "parallel_tool_calls": true, "previous_response_id": null, "prompt_cache_key": null,
        "reasoning": { "effort": null, "summary": null }, "safety_identifier": null,
        "service_tier": "default", "temperature": 1.0,
        "text": { "format": { "type": "text" }, "verbosity": "medium" }, "tool_choice": "auto",
        "tools": [], "top_logprobs": 0, "top_p": 1.0, "truncation": "disabled", "user": null,
    });
    for (param, value) in object.as_object_mut().into_iter().flatten() {
        if let Some(given) = request.raw.get(param).filter(|it| !it.is_null()) {
            *value = given.clone();
        }
    }
    let own = json!({
        "id": id, "object": "response", "created_at": created_at, "completed_at": null,
        "status": if request.is_background { "queued" } else { "in_progress" },
        "background": request.is_background, "store": request.is_stored,
        "model": request.text("model"), "error": null, "incomplete_details": null, "usage": null,
    });
    merged(object, own)
}
