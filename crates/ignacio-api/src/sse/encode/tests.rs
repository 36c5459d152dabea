//! Events look as the document says, whatever is in them.

use ignacio_domain::citation::Citation;
use ignacio_domain::ids::{FileId, MessageId, ResponseId};
use ignacio_domain::response::ReplyFailure;
use ignacio_domain::usage::Usage;
use proptest::prelude::*;
use serde_json::Value;
use uuid::Uuid;

use super::*;

fn context() -> RequestContext {
    RequestContext { request_id: "r-1".into(), locale: Locale::En, path: "/".into() }
}

fn encoded(event: ReplyEvent) -> (String, bool) {
    let mut out = BytesMut::new();
    let is_last = append(&mut out, NumberedEvent { seq: 7, event }, &context());
    (String::from_utf8(out.to_vec()).unwrap(), is_last)
}

#[test]
fn every_event_has_its_name_and_data() {
    let id = Uuid::from_u128(1);
    let cases = [
        (
            ReplyEvent::Created {
                response: ResponseId::from_uuid(id),
                message: MessageId::from_uuid(id),
            },
            "response.created",
            format!(r#"{{"response_id":"{id}","message_id":"{id}"}}"#),
        ),
        (
            ReplyEvent::ToolStarted(ToolKind::FileSearch),
            "tool.started",
            r#"{"kind":"file_search","label":"Searching your documents"}"#.to_owned(),
        ),
        (
            ReplyEvent::ToolFinished(ToolKind::WebSearch),
            "tool.finished",
            r#"{"kind":"web_search","label":"Searching the web"}"#.to_owned(),
        ),
        (ReplyEvent::Delta("a\n\nb".to_owned()), "delta", r#"{"text":"a\n\nb"}"#.to_owned()),
        (
            ReplyEvent::Cited(Citation {
                file: Some(FileId::from_uuid(id)),
                file_name: "a.pdf".to_owned(),
                quote: None,
                position: 3,
                verified: None,
            }),
            "citation",
            format!(
                r#"{{"file_id":"{id}","name":"a.pdf","quote":null,"position":3,"verified":null}}"#
            ),
        ),
        (
            ReplyEvent::FilePending { file: FileId::from_uuid(id), name: "a.pdf".to_owned() },
            "file.pending",
            format!(r#"{{"file_id":"{id}","name":"a.pdf"}}"#),
        ),
        (ReplyEvent::Titled("A\"b".to_owned()), "title", r#"{"text":"A\"b"}"#.to_owned()),
        (
            ReplyEvent::Used(Usage { input: 1, cached: 2, output: 3, reasoning: 4 }),
            "usage",
            r#"{"input":1,"cached":2,"output":3,"reasoning":4}"#.to_owned(),
        ),
    ];
    for (event, name, data) in cases {
        let expected = format!("id: 7\nevent: {name}\ndata: {data}\n\n");
        assert_eq!(encoded(event), (expected, false));
    }
}

#[test]
fn every_end_is_the_last_event() {
    let cases = [
        (ReplyOutcome::Completed, "response.completed", "{}"),
        (ReplyOutcome::Cancelled, "response.cancelled", "{}"),
        (
            ReplyOutcome::Incomplete { reason: "max_output_tokens".to_owned() },
            "response.incomplete",
            r#"{"reason":"max_output_tokens"}"#,
        ),
    ];
    for (outcome, name, data) in cases {
        let expected = format!("id: 7\nevent: {name}\ndata: {data}\n\n");
        assert_eq!(encoded(ReplyEvent::Ended(outcome)), (expected, true));
    }
    let (failed, is_last) =
        encoded(ReplyEvent::Ended(ReplyOutcome::Failed(ReplyFailure::Interrupted)));
    let data = failed.lines().nth(2).unwrap().strip_prefix("data: ").unwrap();
    let problem: Value = serde_json::from_str::<Value>(data).unwrap()["problem"].clone();
    assert!(is_last && failed.starts_with("id: 7\nevent: response.failed\n"));
    assert_eq!(problem["code"], "reply-interrupted");
    assert_eq!(problem["request_id"], "r-1");
}

proptest! {
    #[test]
    fn no_text_breaks_out_of_its_event(text in any::<String>()) {
        let (event, _) = encoded(ReplyEvent::Delta(text.clone()));
        let lines: Vec<_> = event.split('\n').collect();
        prop_assert_eq!(lines.len(), 5);
        let data: Value = serde_json::from_str(lines[2].strip_prefix("data: ").unwrap()).unwrap();
        prop_assert_eq!(data["text"].as_str().unwrap(), text);
    }
}
