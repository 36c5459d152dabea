//! One response: what it is so far, and every event of its stream.

mod object;
mod saved;

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde_json::{Map, Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub(crate) use self::saved::SavedRun;
use crate::openai::{request::Ask, tokens};

/// A response, from its creation to long after its end.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the request's own")]
pub(crate) struct Run {
    /// `resp_…`.
    pub(crate) id: String,
    /// Unix seconds.
    pub(crate) created_at: i64,
    /// Goes on without the client.
    pub(crate) is_background: bool,
    /// Its stream can be joined again.
    pub(crate) is_streamed: bool,
    /// Can be fetched later.
    pub(crate) is_stored: bool,
    /// Whether it is a small job beside a conversation.
    pub(crate) is_small_job: bool,
    /// What it answers, in the form of items.
    pub(crate) input_items: Vec<Value>,
    /// What the person asked.
    pub(crate) question: String,
    /// Ends the generation.
    pub(crate) stop: CancellationToken,
    progress: Mutex<Progress>,
    version: watch::Sender<u64>,
}

#[derive(Debug)]
struct Progress {
    /// All fields but the output.
    object: Map<String, Value>,
    output: Vec<Value>,
    events: Vec<Event>,
    sequence: u64,
    message: Option<Message>,
    usage: Usage,
    is_over: bool,
    is_forgotten: bool,
}

/// One event of a stream, ready to be sent.
#[derive(Clone, Debug)]
struct Event {
    sequence: u64,
    frame: Bytes,
}

/// The message that is being written.
#[derive(Debug)]
struct Message {
    id: String,
    index: usize,
    text: String,
    /// The letters of the text.
    letters: u64,
    annotations: Vec<Value>,
}

/// The tokens of a response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// All input.
    pub(crate) input: u64,
    /// The part of it that was there before.
    pub(crate) cached: u64,
    /// The answer.
    pub(crate) output: u64,
}

/// How a response ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// With its last word.
    Completed,
    /// Before, for this reason.
    Incomplete(String),
    /// By an error, with code and message.
    Failed(String, String),
    /// By an error that the stream tells without a terminal event of the response.
    Broken(String, String),
    /// Because somebody wished it.
    Cancelled,
}

impl Run {
    /// A response that has just been asked for.
    pub(crate) fn new(id: String, created_at: i64, ask: &Ask, usage: Usage) -> Self {
        let object = object::begin(&id, created_at, ask);
        Self {
            id,
            created_at,
            is_background: ask.is_background,
            is_streamed: ask.is_streamed,
            is_stored: ask.is_stored,
            is_small_job: ask.is_small_job(),
            input_items: ask.items.clone(),
            question: ask.question(),
            stop: CancellationToken::new(),
            progress: Mutex::new(Progress::new(object, usage)),
            version: watch::Sender::default(),
        }
    }

    /// What the response is now.
    pub(crate) fn object(&self) -> Value {
        self.lock().view()
    }

    /// Its tokens so far.
    pub(crate) fn usage(&self) -> Usage {
        self.lock().usage
    }

    /// Whether nothing will be added any more.
    pub(crate) fn is_over(&self) -> bool {
        self.lock().is_over
    }

    /// Counts more input, such as passages that were found.
    pub(crate) fn add_input(&self, tokens: u64) {
        self.change(|it| it.usage.input += tokens);
    }

    /// Sets the status and tells it with the whole object.
    pub(crate) fn tell_status(&self, kind: &str, status: &str) {
        self.change(|it| {
            it.object.insert("status".to_owned(), json!(status));
            it.emit_object(kind);
        });
    }

    /// Adds an event.
    pub(crate) fn emit(&self, kind: &str, fields: Value) {
        self.change(|it| it.emit(kind, fields));
    }

    /// Adds a finished item to the output; its place comes back.
    pub(crate) fn add_item(&self, item: Value) {
        self.change(|it| it.output.push(item));
    }

    /// The place of the next item in the output.
    pub(crate) fn next_index(&self) -> usize {
        self.lock().output.len()
    }

    /// Begins the message.
    pub(crate) fn open_message(&self, id: String) {
        self.change(|it| it.open_message(id));
    }

    /// Writes a piece of the message.
    pub(crate) fn write(&self, delta: &str, is_obfuscated: bool) {
        self.change(|it| it.write(delta, is_obfuscated));
    }

    /// Cites a file at the end of what is written.
    pub(crate) fn cite(&self, file_id: &str, filename: &str) {
        self.change(|it| it.cite(file_id, filename));
    }

    /// Ends the response; false if it had ended before.
    pub(crate) fn finish(&self, outcome: &Outcome, now: i64) -> bool {
        let mut is_first = false;
        self.change(|it| {
            is_first = true;
            it.finish(outcome, now);
        });
        self.stop.cancel();
        is_first
    }

    /// Changes the response unless it is over, and wakes its readers.
    fn change(&self, change: impl FnOnce(&mut Progress)) {
        let mut progress = self.lock();
        if !progress.is_over {
            change(&mut progress);
            drop(progress);
            self.version.send_modify(|it| *it += 1);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// For readers.
impl Run {
    /// Tells of every change.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// The place of the first event after a sequence number.
    pub(crate) fn place_after(&self, sequence: Option<u64>) -> usize {
        self.lock().events.partition_point(|it| sequence.is_some_and(|after| it.sequence <= after))
    }

    /// The event at a place, if it is there already.
    pub(crate) fn event(&self, place: usize) -> Option<Bytes> {
        self.lock().events.get(place).map(|it| it.frame.clone())
    }

    /// Whether the stream can still be joined.
    pub(crate) fn is_joinable(&self) -> bool {
        !self.lock().is_forgotten
    }

    /// Drops the events of a response that is over, to save memory.
    pub(crate) fn forget_events(&self) {
        let mut progress = self.lock();
        progress.events = Vec::new();
        progress.is_forgotten = true;
    }

    /// Waits for the end.
    pub(crate) async fn ended(&self) {
        let mut version = self.watch();
        while !self.is_over() {
            if version.changed().await.is_err() {
                break;
            }
        }
    }
}

impl Progress {
    fn new(object: Map<String, Value>, usage: Usage) -> Self {
        Self {
            object,
            output: Vec::new(),
            events: Vec::new(),
            sequence: 0,
            message: None,
            usage,
            is_over: false,
            is_forgotten: false,
        }
    }

    fn emit(&mut self, kind: &str, mut fields: Value) {
        if let Some(fields) = fields.as_object_mut() {
            fields.insert("type".to_owned(), json!(kind));
            fields.insert("sequence_number".to_owned(), json!(self.sequence));
        }
        let frame = Bytes::from(format!("event: {kind}\ndata: {fields}\n\n"));
        self.events.push(Event { sequence: self.sequence, frame });
        self.sequence += 1;
    }

    fn emit_object(&mut self, kind: &str) {
        self.emit(kind, json!({ "response": self.view() }));
    }

    fn view(&self) -> Value {
        let mut object = self.object.clone();
        object.insert("output".to_owned(), Value::Array(self.output.clone()));
        Value::Object(object)
    }

    fn open_message(&mut self, id: String) {
        let index = self.output.len();
        let message =
            Message { id, index, text: String::new(), letters: 0, annotations: Vec::new() };
        self.emit(
            "response.output_item.added",
            json!({ "output_index": index, "item": message.item("in_progress", &[]) }),
        );
        self.emit("response.content_part.added", message.place(json!({ "part": message.part() })));
        self.message = Some(message);
    }

    fn write(&mut self, delta: &str, is_obfuscated: bool) {
        let Some(message) = &mut self.message else { return };
        message.text.push_str(delta);
        message.letters += tokens::letters_of(delta);
        let mut fields = message.place(json!({ "delta": delta, "logprobs": [] }));
        if let Some(fields) = fields.as_object_mut().filter(|_| is_obfuscated) {
            fields.insert("obfuscation".to_owned(), json!(padding(delta)));
        }
        self.usage.output = tokens::of_letters(message.letters);
        self.emit("response.output_text.delta", fields);
    }

    fn cite(&mut self, file_id: &str, filename: &str) {
        let Some(message) = &mut self.message else { return };
        let annotation = json!({
            "type": "file_citation", "file_id": file_id, "filename": filename,
            "index": message.text.chars().count(),
        });
        let place = message.annotations.len();
        message.annotations.push(annotation.clone());
        let fields = json!({ "annotation_index": place, "annotation": annotation });
        let fields = message.place(fields);
        self.emit("response.output_text.annotation.added", fields);
    }

    fn finish(&mut self, outcome: &Outcome, now: i64) {
        if let Some(message) = self.message.take() {
            self.close_message(&message, outcome);
        }
        let mut set = |key: &str, value: Value| drop(self.object.insert(key.to_owned(), value));
        set("status", json!(outcome.status()));
        match outcome {
            Outcome::Completed => set("completed_at", json!(now)),
            Outcome::Incomplete(reason) => set("incomplete_details", json!({ "reason": reason })),
            Outcome::Failed(code, message) | Outcome::Broken(code, message) => {
                set("error", json!({ "code": code, "message": message }));
            }
            Outcome::Cancelled => {}
        }
        // A response that failed has no usage.
        if !matches!(outcome, Outcome::Failed(..) | Outcome::Broken(..)) {
            set("usage", self.usage.view());
        }
        match outcome {
            Outcome::Broken(code, message) => {
                let kind = "server_error";
                let error =
                    json!({ "type": kind, "code": code, "message": message, "param": null });
                self.emit("error", json!({ "error": error }));
            }
            Outcome::Cancelled => {}
            _ => self.emit_object(&format!("response.{}", outcome.status())),
        }
        self.is_over = true;
    }

    /// Ends the message in the stream, unless the stream is to break off, and puts it into the
    /// output.
    fn close_message(&mut self, message: &Message, outcome: &Outcome) {
        let status = if *outcome == Outcome::Completed { "completed" } else { "incomplete" };
        let item = message.item(status, &[message.part()]);
        if matches!(outcome, Outcome::Completed | Outcome::Incomplete(_)) {
            let text = message.place(json!({ "text": message.text, "logprobs": [] }));
            self.emit("response.output_text.done", text);
            let part = message.place(json!({ "part": message.part() }));
            self.emit("response.content_part.done", part);
            let done = json!({ "output_index": message.index, "item": item });
            self.emit("response.output_item.done", done);
        }
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
    fn place(&self, mut fields: Value) -> Value {
        if let Some(fields) = fields.as_object_mut() {
            fields.insert("item_id".to_owned(), json!(self.id));
            fields.insert("output_index".to_owned(), json!(self.index));
            fields.insert("content_index".to_owned(), json!(0));
        }
        fields
    }
}

impl Usage {
    fn view(self) -> Value {
        json!({
            "input_tokens": self.input,
            "input_tokens_details": { "cached_tokens": self.cached, "cache_write_tokens": 0 },
            "output_tokens": self.output,
            "output_tokens_details": { "reasoning_tokens": 0 },
            "total_tokens": self.input + self.output,
        })
    }
}

impl Outcome {
    fn status(&self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Incomplete(_) => "incomplete",
            Self::Failed(..) | Self::Broken(..) => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Fills a delta up to a multiple of 16 letters, so that its length does not tell the word.
fn padding(delta: &str) -> String {
    let missing = 16 - delta.chars().count() % 16;
    "q7Xb2KdR9mTz4WsE".chars().take(missing).collect()
}
