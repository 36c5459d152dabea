//! Reads the events of a reply, leniently: what is new is skipped and counted, never an error.

use std::collections::{HashMap, HashSet};

use ignacio_domain::{
    ports::{AssistantError, AssistantEvent, AssistantEventKind, PortError},
    reply::ToolKind,
    response::ReplyOutcome,
    usage::Usage,
};
use serde_json::Value;

use super::{error, transport::Words};

/// The most text of one reply; more is no answer that anybody asked for.
const MAX_TEXT_BYTES: usize = 2 * 1024 * 1024;
/// What stands between two messages of one reply.
const MESSAGE_BREAK: &str = "\n\n";

/// The events by which the provider ends a reply.
const ENDS: [&str; 4] =
    ["response.completed", "response.incomplete", "response.failed", "response.cancelled"];
/// Events that say nothing which is not said by another one.
const SILENT: [&str; 10] = [
    "keepalive",
    "response.queued",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    "response.content_part.done",
    "response.output_text.done",
    "response.refusal.done",
    "response.reasoning_summary_part.added",
    "response.reasoning_summary_part.done",
];
const SILENT_BEGINS: &str = "response.reasoning_";

/// Reads one reply's events in their order.
#[derive(Debug)]
pub(super) struct Reader {
    cursor: i64,
    written: Written,
    /// The tool calls that were told as begun and not yet as ended.
    begun: HashSet<String>,
    n_skipped: u64,
}

impl Reader {
    /// A reader of a reply from its start (`after` is `None`) or from behind an event.
    pub(super) fn new(after: Option<i64>) -> Self {
        Self {
            cursor: after.unwrap_or(-1),
            written: Written::default(),
            begun: HashSet::new(),
            n_skipped: 0,
        }
    }

    /// What an event says; mostly one thing, often nothing. One that was read before says nothing,
    /// unless it is an end, which is told however it is numbered.
    pub(super) fn read(&mut self, event: &Value) -> Result<Vec<AssistantEvent>, AssistantError> {
        if let Some(number) = int(event, "/sequence_number") {
            if number <= self.cursor && !is_end(event) {
                return Ok(Vec::new());
            }
            self.cursor = self.cursor.max(number);
        }
        let kinds = self.kinds(event)?;
        let cursor = self.cursor;
        Ok(kinds.into_iter().map(|kind| AssistantEvent { cursor, kind }).collect())
    }

    fn kinds(&mut self, event: &Value) -> Result<Vec<AssistantEventKind>, AssistantError> {
        use ToolKind::{FileSearch, WebSearch};
        let name = text(event, "/type").unwrap_or_default();
        let some = match name {
            "response.created" => Some(started(event)?),
            "response.output_text.delta" | "response.refusal.delta" => self.delta(event)?,
            "response.output_text.annotation.added" => self.cited(event),
            "response.output_item.done" => return Ok(self.item_done(event)),
            "response.file_search_call.in_progress" | "response.file_search_call.searching" => {
                self.tool_started(event, FileSearch)
            }
            "response.web_search_call.in_progress" | "response.web_search_call.searching" => {
                self.tool_started(event, WebSearch)
            }
            "response.file_search_call.completed" => Some(self.tool_finished(event, FileSearch)),
            "response.web_search_call.completed" => Some(self.tool_finished(event, WebSearch)),
            end if ENDS.contains(&end) => Some(ended(end, event)),
            "error" => return Err(reported(event)),
            "" if event.get("error").is_some_and(Value::is_object) => return Err(reported(event)),
            known if SILENT.contains(&known) || known.starts_with(SILENT_BEGINS) => None,
            _ => {
                self.skip("event", name);
                None
            }
        };
        Ok(some.into_iter().collect())
    }

    fn delta(&mut self, event: &Value) -> Result<Option<AssistantEventKind>, AssistantError> {
        let more = text(event, "/delta").ok_or_else(unreadable)?;
        if more.is_empty() {
            return Ok(None);
        }
        let mut delta = String::new();
        if self.written.enter(Part::of(event)) {
            delta.push_str(MESSAGE_BREAK);
        }
        delta.push_str(more);
        self.written.add(&delta, more);
        if self.written.bytes > MAX_TEXT_BYTES {
            let code = "reply_too_long".to_owned();
            let reason = format!("the reply has more than {MAX_TEXT_BYTES} bytes of text");
            return Err(PortError::Rejected { code, reason }.into());
        }
        Ok(Some(AssistantEventKind::Delta(delta)))
    }

    fn cited(&mut self, event: &Value) -> Option<AssistantEventKind> {
        match text(event, "/annotation/type") {
            Some("file_citation") => {}
            Some("url_citation" | "container_file_citation" | "file_path") => return None,
            other => {
                self.skip("annotation", other.unwrap_or_default());
                return None;
            }
        }
        let provider_file_id = text(event, "/annotation/file_id")?.to_owned();
        let file_name = text(event, "/annotation/filename").unwrap_or_default().to_owned();
        let index = int(event, "/annotation/index");
        let position = self.written.position(Part::of(event), index);
        Some(AssistantEventKind::Cited { provider_file_id, file_name, position })
    }

    fn tool_started(&mut self, event: &Value, tool: ToolKind) -> Option<AssistantEventKind> {
        let is_new = self.begun.insert(call_id(event, "/item_id"));
        is_new.then_some(AssistantEventKind::ToolStarted(tool))
    }

    fn tool_finished(&mut self, event: &Value, tool: ToolKind) -> AssistantEventKind {
        self.begun.remove(&call_id(event, "/item_id"));
        AssistantEventKind::ToolFinished(tool)
    }

    /// A finished item: the passages that a search found, and the end of a call that failed and
    /// therefore has no `completed`.
    fn item_done(&mut self, event: &Value) -> Vec<AssistantEventKind> {
        let tool = match text(event, "/item/type") {
            Some("file_search_call") => ToolKind::FileSearch,
            Some("web_search_call") => ToolKind::WebSearch,
            Some("message" | "reasoning") => return Vec::new(),
            other => {
                self.skip("item", other.unwrap_or_default());
                return Vec::new();
            }
        };
        let mut kinds = Vec::new();
        if self.begun.remove(&call_id(event, "/item/id")) {
            kinds.push(AssistantEventKind::ToolFinished(tool));
        }
        if let Some(results) = event.pointer("/item/results").and_then(Value::as_array) {
            kinds.extend(results.iter().filter_map(retrieved));
        }
        kinds
    }

    fn skip(&mut self, what: &'static str, name: &str) {
        self.n_skipped += 1;
        let n_skipped = self.n_skipped;
        tracing::debug!(what, name, n_skipped, "skipped something new in a reply");
    }
}

/// A part of the reply's text: a message of the output, and a piece of its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Part {
    message: i64,
    piece: i64,
}

impl Part {
    fn of(event: &Value) -> Self {
        Self {
            message: int(event, "/output_index").unwrap_or(0),
            piece: int(event, "/content_index").unwrap_or(0),
        }
    }
}

/// How much text went by, and where in it each part begins.
///
/// The `index` of a citation is documented as the place "in the list of files", but the live API
/// counts characters of the part's text up to where the citation belongs (openai-python issue
/// 2512). Characters, because that is what Python clients see; not bytes, not UTF-16 units. So a
/// citation's position is the start of its part plus the index. An index that is missing or zero
/// says nothing, and the citation stands at the end of the text so far.
///
/// A reply that is followed from its middle ([`Reader::new`] with an event) counts from there: in
/// its first part the index is still right, and only a citation without an index stands too early.
#[derive(Debug, Default)]
struct Written {
    chars: i64,
    bytes: usize,
    last: Option<Part>,
    starts: HashMap<Part, i64>,
}

impl Written {
    /// Goes to a part; true when it opens a further message behind earlier text.
    fn enter(&mut self, part: Part) -> bool {
        let breaks = self.last.is_some_and(|last| last.message != part.message);
        self.last = Some(part);
        breaks
    }

    /// Takes note of text; `own` is the end of it that belongs to the part itself.
    fn add(&mut self, all: &str, own: &str) {
        self.chars += n_chars(all);
        self.bytes += all.len();
        if let Some(part) = self.last {
            let start = self.chars - n_chars(own);
            self.starts.entry(part).or_insert(start);
        }
    }

    fn position(&self, part: Part, index: Option<i64>) -> i32 {
        let position = match index {
            Some(index) if index > 0 => {
                self.starts.get(&part).copied().unwrap_or(0).saturating_add(index)
            }
            _ => self.chars,
        };
        i32::try_from(position).unwrap_or(i32::MAX)
    }
}

fn is_end(event: &Value) -> bool {
    let name = text(event, "/type").unwrap_or_default();
    ENDS.contains(&name) || name == "error"
}

fn n_chars(text: &str) -> i64 {
    i64::try_from(text.chars().count()).unwrap_or(i64::MAX)
}

fn started(event: &Value) -> Result<AssistantEventKind, AssistantError> {
    let Some(id) = text(event, "/response/id") else { return Err(unreadable()) };
    Ok(AssistantEventKind::Started { provider_id: id.to_owned() })
}

fn retrieved(result: &Value) -> Option<AssistantEventKind> {
    let provider_file_id = text(result, "/file_id")?.to_owned();
    let text = text(result, "/text")?.to_owned();
    Some(AssistantEventKind::Retrieved { provider_file_id, text })
}

/// The provider's own end. A reply is complete only when the event and the object in it both say
/// so; an object without a status speaks through its event.
fn ended(name: &str, event: &Value) -> AssistantEventKind {
    let told = name.trim_start_matches("response.");
    let status = text(event, "/response/status").unwrap_or(told);
    let outcome = match (told, status) {
        (_, "cancelled") | ("cancelled", _) => ReplyOutcome::Cancelled,
        ("completed", "completed") => ReplyOutcome::Completed,
        (_, "incomplete") | ("incomplete", _) => {
            let reason = text(event, "/response/incomplete_details/reason");
            ReplyOutcome::Incomplete { reason: reason.unwrap_or("unknown").to_owned() }
        }
        _ => {
            let words = event.pointer("/response/error").map(Words::of).unwrap_or_default();
            tracing::warn!(%words, status, "the provider ended a reply as failed");
            ReplyOutcome::Failed(error::of_failed(&words))
        }
    };
    AssistantEventKind::Ended { outcome, usage: usage(event) }
}

fn usage(event: &Value) -> Option<Usage> {
    usage_of(event.get("response")?)
}

/// What a response took, once it says so.
pub(super) fn usage_of(response: &Value) -> Option<Usage> {
    let usage = response.get("usage")?;
    Some(Usage {
        input: int(usage, "/input_tokens")?,
        cached: int(usage, "/input_tokens_details/cached_tokens").unwrap_or(0),
        output: int(usage, "/output_tokens")?,
        reasoning: int(usage, "/output_tokens_details/reasoning_tokens").unwrap_or(0),
    })
}

/// The error of an `error` event: the API documents its words beside `type` and sends them nested.
fn reported(event: &Value) -> AssistantError {
    let nested = event.get("error").filter(|it| it.is_object());
    let words = nested.map_or_else(|| Words { kind: None, ..Words::of(event) }, Words::of);
    error::of_stream(&words)
}

fn unreadable() -> AssistantError {
    let reason = "an event lacks what it is there to tell".to_owned();
    PortError::Rejected { code: "unreadable_event".to_owned(), reason }.into()
}

fn call_id(event: &Value, pointer: &str) -> String {
    text(event, pointer).map_or_else(
        || format!("output {}", int(event, "/output_index").unwrap_or(0)),
        str::to_owned,
    )
}

fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer).and_then(Value::as_str)
}

fn int(value: &Value, pointer: &str) -> Option<i64> {
    value.pointer(pointer).and_then(Value::as_i64)
}

#[cfg(test)]
mod tests;
