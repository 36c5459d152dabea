//! Parses the events of a reply leniently: unknown ones are skipped and counted, never an error.

use std::collections::{HashMap, HashSet};

use ignacio_domain::{
    ports::{AssistantError, AssistantEvent, AssistantEventKind, PortError},
    reply::ToolKind,
    response::ReplyOutcome,
    usage::Usage,
};
use serde_json::Value;

use super::{error, single_attempt::ErrorWords};

/// The most text of one reply; no legitimate reply is longer.
const MAX_TEXT_BYTES: usize = 2 * 1024 * 1024;
/// The separator between two messages of one reply.
const MESSAGE_BREAK: &str = "\n\n";

/// The final events of a reply.
const FINAL: [&str; 4] =
    ["response.completed", "response.incomplete", "response.failed", "response.cancelled"];
/// Events that repeat what another event says.
const IGNORED: [&str; 10] = [
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
const IGNORED_PREFIX: &str = "response.reasoning_";

/// Parses the events of one reply, in order.
#[derive(Debug)]
pub(super) struct EventReader {
    cursor: i64,
    text: TextPosition,
    /// The tool calls that were reported as started and not yet as finished.
    running_tools: HashSet<String>,
    n_skipped: u64,
}

impl EventReader {
    /// Reads a reply from its start (`None`) or after an event.
    pub(super) fn new(after: Option<i64>) -> Self {
        Self {
            cursor: after.unwrap_or(-1),
            text: TextPosition::default(),
            running_tools: HashSet::new(),
            n_skipped: 0,
        }
    }

    /// Translates an event, usually into one event of ours or none. Repeated events are dropped,
    /// except final ones, whatever their number.
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
            end if FINAL.contains(&end) => Some(ended(end, event)),
            "error" => return Err(error_event(event)),
            "" if event.get("error").is_some_and(Value::is_object) => {
                return Err(error_event(event));
            }
            known if IGNORED.contains(&known) || known.starts_with(IGNORED_PREFIX) => None,
            _ => {
                self.skip("event", name);
                None
            }
        };
        Ok(some.into_iter().collect())
    }

    fn delta(&mut self, event: &Value) -> Result<Option<AssistantEventKind>, AssistantError> {
        let more = text(event, "/delta").ok_or_else(malformed)?;
        if more.is_empty() {
            return Ok(None);
        }
        let mut delta = String::new();
        if self.text.enter(Part::of(event)) {
            delta.push_str(MESSAGE_BREAK);
        }
        delta.push_str(more);
        self.text.add(&delta, more);
        if self.text.bytes > MAX_TEXT_BYTES {
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
        let position = self.text.position(Part::of(event), index);
        Some(AssistantEventKind::Cited { provider_file_id, file_name, position })
    }

    fn tool_started(&mut self, event: &Value, tool: ToolKind) -> Option<AssistantEventKind> {
        let is_new = self.running_tools.insert(call_id(event, "/item_id"));
        is_new.then_some(AssistantEventKind::ToolStarted(tool))
    }

    fn tool_finished(&mut self, event: &Value, tool: ToolKind) -> AssistantEventKind {
        self.running_tools.remove(&call_id(event, "/item_id"));
        AssistantEventKind::ToolFinished(tool)
    }

    /// A finished item: the passages that a search found, and the end of a tool call that failed
    /// and therefore has no `completed` event.
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
        if self.running_tools.remove(&call_id(event, "/item/id")) {
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
        tracing::debug!(what, name, n_skipped, "skipped an unknown part of a reply");
    }
}

/// A part of the reply's text: the index of an output message and of a part of its content.
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

/// How much text was read, and where each part begins in it.
///
/// The `index` of a citation is documented as the place "in the list of files", but the live API
/// counts characters of the part's text up to the citation (openai-python issue 2512): Unicode
/// characters as Python clients see them, not bytes or UTF-16 units. So a citation's position is
/// the start of its part plus the index. Without an index, or with zero, the citation is placed at
/// the end of the text so far.
///
/// A resumed reply ([`EventReader::new`] with an event) counts from where it resumes: in its first
/// part the index is still right, and only a citation without an index is placed too early.
#[derive(Debug, Default)]
struct TextPosition {
    chars: i64,
    bytes: usize,
    last: Option<Part>,
    starts: HashMap<Part, i64>,
}

impl TextPosition {
    /// Enters a part; true if it begins another message after earlier text.
    fn enter(&mut self, part: Part) -> bool {
        let breaks = self.last.is_some_and(|last| last.message != part.message);
        self.last = Some(part);
        breaks
    }

    /// Counts text; `own` is the tail of it that belongs to the part itself.
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
    FINAL.contains(&name) || name == "error"
}

fn n_chars(text: &str) -> i64 {
    i64::try_from(text.chars().count()).unwrap_or(i64::MAX)
}

fn started(event: &Value) -> Result<AssistantEventKind, AssistantError> {
    let Some(id) = text(event, "/response/id") else { return Err(malformed()) };
    Ok(AssistantEventKind::Started { provider_id: id.to_owned() })
}

fn retrieved(result: &Value) -> Option<AssistantEventKind> {
    let provider_file_id = text(result, "/file_id")?.to_owned();
    let text = text(result, "/text")?.to_owned();
    Some(AssistantEventKind::Retrieved { provider_file_id, text })
}

/// The final event. A reply is complete only if the event and the object in it both say so; for an
/// object without a status, the event's name decides.
fn ended(name: &str, event: &Value) -> AssistantEventKind {
    let event_status = name.trim_start_matches("response.");
    let status = text(event, "/response/status").unwrap_or(event_status);
    let outcome = match (event_status, status) {
        (_, "cancelled") | ("cancelled", _) => ReplyOutcome::Cancelled,
        ("completed", "completed") => ReplyOutcome::Completed,
        (_, "incomplete") | ("incomplete", _) => {
            let reason = text(event, "/response/incomplete_details/reason");
            ReplyOutcome::Incomplete { reason: reason.unwrap_or("unknown").to_owned() }
        }
        _ => {
            let words = event.pointer("/response/error").map(ErrorWords::parse).unwrap_or_default();
            tracing::warn!(%words, status, "the provider ended a reply as failed");
            ReplyOutcome::Failed(error::failure_of(&words))
        }
    };
    AssistantEventKind::Ended { outcome, usage: usage(event) }
}

fn usage(event: &Value) -> Option<Usage> {
    usage_of(event.get("response")?)
}

/// The usage of a response, if it is known yet.
pub(super) fn usage_of(response: &Value) -> Option<Usage> {
    let usage = response.get("usage")?;
    Some(Usage {
        input: int(usage, "/input_tokens")?,
        cached: int(usage, "/input_tokens_details/cached_tokens").unwrap_or(0),
        output: int(usage, "/output_tokens")?,
        reasoning: int(usage, "/output_tokens_details/reasoning_tokens").unwrap_or(0),
    })
}

/// The error of an `error` event: the API documents its fields next to `type` but sends them nested.
fn error_event(event: &Value) -> AssistantError {
    let nested = event.get("error").filter(|it| it.is_object());
    let words = nested
        .map_or_else(|| ErrorWords { kind: None, ..ErrorWords::parse(event) }, ErrorWords::parse);
    error::stream_error(&words)
}

fn malformed() -> AssistantError {
    let reason = "an event lacks its required fields".to_owned();
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
