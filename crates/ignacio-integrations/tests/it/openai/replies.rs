//! Replies: the request, the events, and a stream that is cut, split, stalled or full of unknown
//! events.

use futures_util::StreamExt as _;
use ignacio_domain::{
    ids::UserId,
    message::Author,
    ports::{Assistant as _, AssistantError, AssistantEventKind, PortError},
    prompt::{FileSearchScope, Prompt, PromptTurn},
    reply::ToolKind,
    response::ReplyOutcome,
    usage::Usage,
};
use ignacio_integrations::{OpenAi, OpenAiSettings};
use serde_json::{Value, json};

use super::{Read, openai, port, prompt};
use crate::support::wire::{WireResponse, WireServer};

const TEXT: &str = "Según tu guía 🚀, el piloto dura seis semanas. ¡Ánimo!";

/// A reply that searches a document, writes with accents and emoji, and cites.
fn reply() -> Vec<Value> {
    let call = json!({ "output_index": 0, "item_id": "fs_1" });
    let text = json!({ "output_index": 1, "item_id": "msg_1", "content_index": 0 });
    let mut events = vec![
        json!({ "type": "response.created",
                "response": { "id": "resp_1", "status": "queued", "output": [] } }),
        json!({ "type": "response.in_progress", "response": { "id": "resp_1" } }),
        with("response.file_search_call.in_progress", &call),
        with("response.file_search_call.searching", &call),
        with("response.file_search_call.completed", &call),
        json!({ "type": "response.output_item.done", "output_index": 0, "item": {
            "id": "fs_1", "type": "file_search_call", "status": "completed",
            "queries": ["piloto"], "results": [{ "file_id": "file-1", "filename": "guia.txt",
            "score": 0.87, "text": "El piloto dura seis semanas.", "attributes": {} }] } }),
        json!({ "type": "response.hologram.sparkled", "intensity": { "lumen": 3 } }),
    ];
    for piece in ["Según tu ", "guía 🚀", ", el piloto dura seis semanas.", " ¡Ánimo!"] {
        let mut delta = with("response.output_text.delta", &text);
        delta["delta"] = json!(piece);
        events.push(delta);
    }
    let mut cited = with("response.output_text.annotation.added", &text);
    cited["annotation"] = json!({ "type": "file_citation", "file_id": "file-1",
                                  "filename": "guia.txt", "index": 45 });
    events.push(cited);
    events.push(json!({ "type": "response.completed", "response": {
        "id": "resp_1", "status": "completed", "usage": {
            "input_tokens": 100, "input_tokens_details": { "cached_tokens": 60 },
            "output_tokens": 20, "output_tokens_details": { "reasoning_tokens": 5 },
            "total_tokens": 120 } } }));
    for (number, event) in (0_i64..).zip(&mut events) {
        event["sequence_number"] = json!(number);
    }
    events
}

fn with(name: &str, fields: &Value) -> Value {
    let mut event = fields.clone();
    event["type"] = json!(name);
    event
}

fn sse<'a>(events: impl IntoIterator<Item = &'a Value>) -> Vec<u8> {
    events
        .into_iter()
        .flat_map(|it| {
            format!("event: {}\ndata: {it}\n\n", it["type"].as_str().unwrap()).into_bytes()
        })
        .collect()
}

fn everything() -> Vec<AssistantEventKind> {
    use AssistantEventKind::{Cited, Delta, Ended, Retrieved, Started, ToolFinished, ToolStarted};
    let mut kinds = vec![
        Started { provider_id: "resp_1".to_owned() },
        ToolStarted(ToolKind::FileSearch),
        ToolFinished(ToolKind::FileSearch),
        Retrieved {
            provider_file_id: "file-1".to_owned(),
            text: "El piloto dura seis semanas.".to_owned(),
        },
    ];
    for piece in ["Según tu ", "guía 🚀", ", el piloto dura seis semanas.", " ¡Ánimo!"] {
        kinds.push(Delta(piece.to_owned()));
    }
    kinds.push(Cited {
        provider_file_id: "file-1".to_owned(),
        file_name: "guia.txt".to_owned(),
        position: 45,
    });
    let usage = Usage { input: 100, cached: 60, output: 20, reasoning: 5 };
    kinds.push(Ended { outcome: ReplyOutcome::Completed, usage: Some(usage) });
    kinds
}

#[tokio::test]
async fn a_reply_is_complete_however_its_bytes_are_split() {
    let body = sse(&reply());
    for size in 1..=64 {
        let server = WireServer::always(WireResponse::chunked(&body, &[size], true)).await;
        let stream = openai(server.url()).start(prompt("¿Cuánto dura?")).await.unwrap();
        let read = Read::all(stream).await;
        assert!(read.error.is_none(), "{read:?}");
        assert_eq!(read.kinds(), everything(), "chunks of {size}");
        assert_eq!(read.text(), TEXT);
    }
}

#[tokio::test]
async fn a_reply_that_is_cut_anywhere_is_never_complete() {
    let body = sse(&reply());
    // The last byte is the line break that ends the last event.
    let server = WireServer::start({
        let body = body.clone();
        move |_, n_before| WireResponse::events(&body[..n_before])
    })
    .await;
    let openai = openai(server.url());
    for at in 0..body.len() {
        let read = Read::all(openai.start(prompt("¿Cuánto dura?")).await.unwrap()).await;
        assert_eq!(read.outcome(), None, "cut at {at}");
        assert!(TEXT.starts_with(&read.text()), "cut at {at}");
        assert!(everything().starts_with(&read.kinds()), "cut at {at}");
    }
    let read = Read::all(openai.start(prompt("¿Cuánto dura?")).await.unwrap()).await;
    assert_eq!(read.outcome(), Some(&ReplyOutcome::Completed));
}

#[tokio::test]
async fn a_visible_cut_is_transient() {
    let body = sse(&reply());
    let server = WireServer::always(WireResponse::chunked(&body[..700], &[50], false)).await;
    let read = Read::all(openai(server.url()).start(prompt("¿?")).await.unwrap()).await;
    assert!(matches!(port(read.error.unwrap()), PortError::Transient { retry_after: None, .. }));
}

#[tokio::test]
async fn a_cut_reply_continues_where_it_stopped() {
    let events = reply();
    let body = sse(&events);
    let server = WireServer::start(move |request, _| {
        let line = request.line().to_owned();
        let Some((_, after)) = line.split_once("starting_after=") else {
            let cut: usize = request.json()["instructions"].as_str().unwrap().parse().unwrap();
            return WireResponse::events(&body[..cut]);
        };
        assert!(line.starts_with("GET /responses/resp_1?"), "{line}");
        assert!(line.contains("stream=true"), "{line}");
        let after: i64 = after.split('&').next().unwrap().parse().unwrap();
        let left = events.iter().filter(|it| it["sequence_number"].as_i64().unwrap() > after);
        WireResponse::events(&sse(left))
    })
    .await;
    let openai = openai(server.url());
    let length = sse(&reply()).len();
    for cut in (250..length).step_by(23) {
        let mut prompt = prompt("¿Cuánto dura?");
        prompt.instructions = cut.to_string();
        let first = Read::all(openai.start(prompt).await.unwrap()).await;
        let rest = openai.resume("resp_1", first.cursor()).await.unwrap();
        let rest = Read::all(rest).await;
        let kinds: Vec<_> = first.kinds().into_iter().chain(rest.kinds()).collect();
        // A call that was in progress is reported as started again.
        let mut deduped = kinds.clone();
        deduped.dedup();
        assert_eq!(deduped, everything(), "cut at {cut}");
    }
}

#[tokio::test]
async fn a_reply_can_be_followed_from_its_very_first_event() {
    let server = WireServer::always(WireResponse::events(&sse(&reply()))).await;
    let read = Read::all(openai(server.url()).resume("resp_1", -1).await.unwrap()).await;
    assert_eq!(read.kinds(), everything());
    assert_eq!(server.request().line(), "GET /responses/resp_1?stream=true");
}

#[tokio::test]
async fn a_silent_reply_times_out() {
    let body = sse(&reply()[..2]);
    let server = WireServer::always(WireResponse::events(&body).hanging()).await;
    let mut stream = openai(server.url()).start(prompt("¿?")).await.unwrap();
    assert!(stream.next().await.unwrap().is_ok());

    // Only time can pass now, which tokio then does immediately.
    tokio::time::pause();
    let begun = tokio::time::Instant::now();
    let error = stream.next().await.unwrap().unwrap_err();
    assert!(matches!(port(error), PortError::Transient { .. }));
    assert!((40..=46).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn an_error_in_the_stream_ends_it() {
    let created = json!({ "type": "response.created", "response": { "id": "resp_1" } });
    let nested = json!({ "type": "error", "sequence_number": 1,
                         "error": { "type": "server_error", "message": "canary-text" } });
    let late = json!({ "type": "response.output_text.delta", "delta": "too late" });
    let server = WireServer::always(WireResponse::events(&sse([&created, &nested, &late]))).await;
    let read = Read::all(openai(server.url()).start(prompt("¿?")).await.unwrap()).await;
    assert_eq!(read.text(), "");
    let error = port(read.error.unwrap());
    assert!(matches!(error, PortError::Transient { .. }));
    assert!(!error.to_string().contains("canary-text"), "{error}");
}

#[tokio::test]
async fn nothing_is_read_after_the_end() {
    let mut events = reply();
    events.push(json!({ "type": "response.output_text.delta", "delta": "too late" }));
    let server = WireServer::always(WireResponse::events(&sse(&events)).hanging()).await;
    let read = Read::all(openai(server.url()).start(prompt("¿?")).await.unwrap()).await;
    assert_eq!(read.kinds(), everything());
}

#[tokio::test]
async fn a_web_page_instead_of_events_is_an_error() {
    let page = WireResponse::new("200 OK", &[("content-type", "text/html")], "<html>Hi</html>");
    let server = WireServer::always(page).await;
    let read = Read::all(openai(server.url()).start(prompt("¿?")).await.unwrap()).await;
    assert_eq!(read.kinds(), []);

    let server = WireServer::always(WireResponse::events(b"data: <html>\n\n")).await;
    let read = Read::all(openai(server.url()).start(prompt("¿?")).await.unwrap()).await;
    assert!(matches!(port(read.error.unwrap()), PortError::Transient { .. }));
}

#[tokio::test]
async fn the_request_contains_the_prompt_and_nothing_else() {
    let server = WireServer::always(WireResponse::events(&sse(&reply()))).await;
    let owner = UserId::new();
    let mut prompt = prompt("¿Cuánto dura?");
    prompt.turns.insert(0, PromptTurn::text_only(Author::Ignacio, "Hola.".to_owned()));
    prompt.previous_response_id = Some("resp_0".to_owned());
    prompt.file_search = Some(FileSearchScope { vector_store_id: "vs_1".to_owned(), owner });
    prompt.web_search = true;
    let response = prompt.response.to_string();
    Read::all(openai(server.url()).start(prompt).await.unwrap()).await;

    let request = server.request();
    assert_eq!(request.line(), "POST /responses");
    assert_eq!(request.header("authorization"), Some("Bearer sk-canary-key"));
    assert!(request.header("user-agent").unwrap().starts_with("ignacio/"));
    assert_eq!(
        request.json(),
        json!({
            "model": "gpt-5",
            "instructions": "Eres Ignacio.",
            "previous_response_id": "resp_0",
            "input": [
                { "type": "message", "role": "assistant", "content": "Hola." },
                { "type": "message", "role": "user", "content": "¿Cuánto dura?" },
            ],
            "tools": [
                { "type": "file_search", "vector_store_ids": ["vs_1"], "max_num_results": 8,
                  "filters": { "type": "eq", "key": "user_id", "value": owner.to_string() } },
                { "type": "web_search" },
            ],
            "max_tool_calls": 8,
            "include": ["file_search_call.results"],
            "max_output_tokens": 500,
            "safety_identifier": "pseudonym",
            "metadata": { "ignacio_response": response },
            "store": true,
            "stream": true,
            "background": true,
        })
    );
}

#[tokio::test]
async fn a_plain_request_has_no_tools() {
    let server = WireServer::always(WireResponse::events(&sse(&reply()))).await;
    let settings = OpenAiSettings {
        base_url: server.url(),
        api_key: "sk-canary-key".into(),
        background: false,
        max_num_results: 8,
    };
    let openai = OpenAi::new(settings).unwrap();
    Read::all(openai.start(prompt("¿?")).await.unwrap()).await;
    let asked = server.request().json();
    assert_eq!((&asked["background"], &asked["store"]), (&json!(false), &json!(false)));
    for absent in ["tools", "include", "max_tool_calls", "previous_response_id"] {
        assert_eq!(asked.get(absent), None, "{absent}");
    }
    // The provider stores nothing in this mode, so there is nothing to continue from.
    let going_on = Prompt { previous_response_id: Some("resp_0".to_owned()), ..prompt("¿Y?") };
    let refused = openai.start(going_on).await;
    assert!(matches!(refused.err(), Some(AssistantError::StateLost)));
}

#[tokio::test]
async fn a_finished_reply_counts_as_cancelled() {
    let cases = [("completed", true), ("cancelled", true), ("in_progress", false)];
    for (status, is_stopped) in cases {
        let server = WireServer::start(move |request, _| {
            if request.line() == "POST /responses/resp_1/cancel" {
                let error =
                    json!({ "error": { "message": "no", "type": "invalid_request_error" } });
                return WireResponse::json("400 Bad Request", &error);
            }
            assert_eq!(request.line(), "GET /responses/resp_1");
            WireResponse::json("200 OK", &json!({ "id": "resp_1", "status": status }))
        })
        .await;
        let cancelled = openai(server.url()).cancel("resp_1").await;
        assert_eq!(cancelled.is_ok(), is_stopped, "{status}");
    }
}

#[tokio::test]
async fn cancelling_a_missing_reply_fails_and_deleting_it_succeeds() {
    let error = json!({ "error": { "message": "no such response", "code": null } });
    let server = WireServer::always(WireResponse::json("404 Not Found", &error)).await;
    let openai = openai(server.url());
    assert!(matches!(openai.cancel("resp_1").await, Err(PortError::NotFound)));
    assert!(openai.delete_response("resp_1").await.is_ok());
    let resumed = openai.resume("resp_1", 3).await;
    assert!(matches!(resumed.err(), Some(AssistantError::Port(PortError::NotFound))));
    let lines: Vec<_> = server.requests().iter().map(|it| it.line().to_owned()).collect();
    assert_eq!(
        lines,
        [
            "POST /responses/resp_1/cancel",
            "DELETE /responses/resp_1",
            "GET /responses/resp_1?starting_after=3&stream=true",
        ]
    );
}
