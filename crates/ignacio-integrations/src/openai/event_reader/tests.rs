//! Known events are parsed, unknown ones are skipped, and positions count characters.

use ignacio_domain::response::ReplyFailure;
use serde_json::json;

use super::*;

fn kinds(reader: &mut EventReader, event: &Value) -> Vec<AssistantEventKind> {
    reader.read(event).unwrap().into_iter().map(|it| it.kind).collect()
}

fn delta(message: i64, text: &str) -> Value {
    json!({ "type": "response.output_text.delta", "output_index": message, "content_index": 0,
            "delta": text })
}

fn citation(message: i64, index: i64) -> Value {
    json!({ "type": "response.output_text.annotation.added", "output_index": message,
            "content_index": 0,
            "annotation": { "type": "file_citation", "file_id": "file-1", "filename": "a.txt",
                            "index": index } })
}

fn position(reader: &mut EventReader, event: &Value) -> i32 {
    match kinds(reader, event).as_slice() {
        [AssistantEventKind::Cited { position, .. }] => *position,
        other => panic!("{other:?}"),
    }
}

fn end(reader: &mut EventReader, event: &Value) -> (ReplyOutcome, Option<Usage>) {
    match kinds(reader, event).pop() {
        Some(AssistantEventKind::Ended { outcome, usage }) => (outcome, usage),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_cursor_follows_the_providers_numbers() {
    let mut reader = EventReader::new(None);
    let created = json!({ "type": "response.created", "sequence_number": 0,
                          "response": { "id": "resp_1" } });
    let events = reader.read(&created).unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(events.first().unwrap().cursor, 0);

    // An event without a number has the number of the previous one.
    let events = EventReader::new(Some(41)).read(&delta(0, "a")).unwrap();
    assert_eq!(events.first().unwrap().cursor, 41);
}

#[test]
fn repeated_events_are_reported_once() {
    let mut reader = EventReader::new(Some(4));
    let mut event = delta(0, "a");
    for (number, n_told) in [(3, 0), (4, 0), (5, 1), (5, 0), (6, 1)] {
        event["sequence_number"] = json!(number);
        assert_eq!(reader.read(&event).unwrap().len(), n_told, "{number}");
    }
    let end = json!({ "type": "response.completed", "sequence_number": 0 });
    let events = reader.read(&end).unwrap();
    assert_eq!(events.first().unwrap().cursor, 6);
}

#[test]
fn the_position_of_a_citation_counts_characters() {
    let mut reader = EventReader::new(None);
    kinds(&mut reader, &delta(1, "Años 🚀: sí."));
    assert_eq!(position(&mut reader, &citation(1, 6)), 6);
    // Zero or no index is no position: then the citation is placed at the end of the text so far.
    assert_eq!(position(&mut reader, &citation(1, 0)), 11);
    let mut unplaced = citation(1, 6);
    unplaced["annotation"]["index"] = Value::Null;
    assert_eq!(position(&mut reader, &unplaced), 11);
}

#[test]
fn a_second_message_is_set_off_and_its_citations_are_shifted() {
    let mut reader = EventReader::new(None);
    kinds(&mut reader, &delta(0, "Busco."));
    let more = kinds(&mut reader, &delta(2, "Aquí"));
    assert_eq!(more, [AssistantEventKind::Delta("\n\nAquí".to_owned())]);
    kinds(&mut reader, &delta(2, " está."));
    assert_eq!(position(&mut reader, &citation(2, 4)), 6 + 2 + 4);
    // A late one still belongs to its own message.
    assert_eq!(position(&mut reader, &citation(0, 5)), 5);
}

#[test]
fn a_tool_call_is_reported_once() {
    use AssistantEventKind::{Retrieved, ToolFinished, ToolStarted};
    let mut reader = EventReader::new(None);
    let call = |step: &str| {
        json!({ "type": format!("response.file_search_call.{step}"),
                                    "output_index": 0, "item_id": "fs_1" })
    };
    assert_eq!(kinds(&mut reader, &call("in_progress")), [ToolStarted(ToolKind::FileSearch)]);
    assert_eq!(kinds(&mut reader, &call("searching")), []);
    assert_eq!(kinds(&mut reader, &call("completed")), [ToolFinished(ToolKind::FileSearch)]);
    let item = json!({ "type": "response.output_item.done", "output_index": 0, "item": {
        "type": "file_search_call", "id": "fs_1", "results": [
            { "file_id": "file-1", "filename": "a.txt", "score": 0.9, "text": "uno" },
            { "file_id": "file-2", "text": "dos", "novelty": [1] },
            { "new": "shape" },
        ] } });
    let found = |file: &str, text: &str| Retrieved {
        provider_file_id: file.to_owned(),
        text: text.to_owned(),
    };
    assert_eq!(kinds(&mut reader, &item), [found("file-1", "uno"), found("file-2", "dos")]);
}

#[test]
fn a_call_that_failed_ends_with_its_item() {
    use AssistantEventKind::{ToolFinished, ToolStarted};
    let mut reader = EventReader::new(None);
    let searching = json!({ "type": "response.web_search_call.searching", "item_id": "ws_1" });
    assert_eq!(kinds(&mut reader, &searching), [ToolStarted(ToolKind::WebSearch)]);
    let item = json!({ "type": "response.output_item.done",
                       "item": { "type": "web_search_call", "id": "ws_1", "status": "failed" } });
    assert_eq!(kinds(&mut reader, &item), [ToolFinished(ToolKind::WebSearch)]);
}

#[test]
fn unknown_events_are_skipped_and_counted() {
    let mut reader = EventReader::new(None);
    for event in [
        json!({ "type": "response.hologram.delta", "delta": { "x": 1 } }),
        json!({ "type": "response.output_item.done", "item": { "type": "hologram" } }),
        json!({ "type": "response.output_text.annotation.added",
                "annotation": { "type": "hologram" } }),
        json!({ "no": "type" }),
        json!(7),
    ] {
        assert_eq!(kinds(&mut reader, &event), [], "{event}");
    }
    assert_eq!(reader.n_skipped, 5);
    for event in [
        json!({ "type": "response.in_progress", "response": {} }),
        json!({ "type": "response.reasoning_summary_text.delta", "delta": "…" }),
        json!({ "type": "response.output_text.annotation.added",
                "annotation": { "type": "url_citation", "url": "https://a.example" } }),
    ] {
        assert_eq!(kinds(&mut reader, &event), [], "{event}");
    }
    assert_eq!(reader.n_skipped, 5);
}

#[test]
fn only_the_providers_final_event_completes_a_reply() {
    let usage = json!({ "input_tokens": 10, "input_tokens_details": { "cached_tokens": 4 },
                        "output_tokens": 7, "output_tokens_details": { "reasoning_tokens": 2 } });
    let event = json!({ "type": "response.completed",
                        "response": { "status": "completed", "usage": usage } });
    let (outcome, used) = end(&mut EventReader::new(None), &event);
    assert_eq!(outcome, ReplyOutcome::Completed);
    assert_eq!(used, Some(Usage { input: 10, cached: 4, output: 7, reasoning: 2 }));

    let cases = [
        ("completed", json!({}), ReplyOutcome::Completed),
        ("completed", json!({ "status": "cancelled" }), ReplyOutcome::Cancelled),
        (
            "completed",
            json!({ "status": "failed" }),
            ReplyOutcome::Failed(ReplyFailure::ProviderUnavailable),
        ),
        ("cancelled", json!({}), ReplyOutcome::Cancelled),
        ("failed", json!({ "status": "cancelled" }), ReplyOutcome::Cancelled),
        (
            "failed",
            json!({ "status": "failed", "error": { "code": "vector_store_timeout" } }),
            ReplyOutcome::Failed(ReplyFailure::ProviderUnavailable),
        ),
        (
            "failed",
            json!({ "status": "failed", "error": { "code": "invalid_prompt" } }),
            ReplyOutcome::Failed(ReplyFailure::ProviderRejected),
        ),
        (
            "incomplete",
            json!({ "incomplete_details": { "reason": "max_output_tokens" } }),
            ReplyOutcome::Incomplete { reason: "max_output_tokens".to_owned() },
        ),
        (
            "incomplete",
            json!({ "status": "incomplete" }),
            ReplyOutcome::Incomplete { reason: "unknown".to_owned() },
        ),
    ];
    for (name, response, expected) in cases {
        let event = json!({ "type": format!("response.{name}"), "response": response });
        assert_eq!(end(&mut EventReader::new(None), &event), (expected, None), "{event}");
    }
}

#[test]
fn an_error_event_is_an_error_in_either_shape() {
    for event in [
        json!({ "type": "error", "code": "server_error", "message": "…", "param": null }),
        json!({ "type": "error", "error": { "type": "server_error", "code": null } }),
        json!({ "error": { "type": "server_error" } }),
    ] {
        let error = EventReader::new(None).read(&event).unwrap_err();
        assert!(matches!(error, AssistantError::Port(PortError::Transient { .. })), "{event}");
    }
}

#[test]
fn an_event_without_required_fields_is_an_error() {
    for event in [
        json!({ "type": "response.created", "response": {} }),
        json!({ "type": "response.output_text.delta", "delta": 7 }),
    ] {
        let error = EventReader::new(None).read(&event).unwrap_err();
        assert!(matches!(error, AssistantError::Port(PortError::Rejected { code, .. })
            if code == "unreadable_event"));
    }
}

#[test]
fn a_reply_without_end_is_ended() {
    let mut reader = EventReader::new(None);
    let piece = delta(0, &"ñ".repeat(MAX_TEXT_BYTES / 4));
    for _ in 0..2 {
        assert_eq!(kinds(&mut reader, &piece).len(), 1);
    }
    let error = reader.read(&delta(0, "x")).unwrap_err();
    assert!(matches!(error, AssistantError::Port(PortError::Rejected { code, .. })
        if code == "reply_too_long"));
}
