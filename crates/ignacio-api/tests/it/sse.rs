//! Replies as streams: from the post, joined later, resumed, drained, and cut by a logout.

use std::time::{Duration, Instant};

use ignacio_domain::citation::Citation;
use ignacio_domain::ids::FileId;
use ignacio_domain::reply::{ReplyEvent, ToolKind};
use ignacio_domain::response::{ReplyFailure, ReplyOutcome};
use ignacio_domain::usage::{Usage, UsageCost};
use serde_json::{Value, json};

use crate::client::Event;
use crate::stack::Stack;

fn names(events: &[Event]) -> Vec<&str> {
    events.iter().map(|it| it.name.as_str()).collect()
}

fn text(events: &[Event]) -> String {
    events
        .iter()
        .filter(|it| it.name == "delta")
        .filter_map(|it| it.data["text"].as_str())
        .collect()
}

#[tokio::test]
async fn a_post_can_stream_its_reply() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let at = ana.start_conversation("uno").await;
    let call = ana.post(format!("{at}/messages")).json(&json!({ "content": "hola" }));
    let mut events = call.header("accept-language", "en").events().await;
    assert_eq!(events.headers["cache-control"], "no-store");
    assert_eq!(events.headers["x-accel-buffering"], "no");
    let address = events.headers["content-location"].to_str().unwrap().to_owned();

    let mut reply = stack.claim_reply().await;
    let created = events.next().await.unwrap();
    assert_eq!((created.id, created.name.as_str()), (Some(1), "response.created"));
    assert_eq!(
        address,
        format!("/v1/responses/{}/events", created.data["response_id"].as_str().unwrap())
    );
    reply.push(ReplyEvent::ToolStarted(ToolKind::FileSearch));
    let tool = events.next().await.unwrap();
    assert_eq!(tool.data, json!({ "kind": "file_search", "label": "Searching your documents" }));
    // A delta is sent before it is written to the log.
    reply.push(ReplyEvent::Delta("Bue".to_owned()));
    assert_eq!(text(&[events.next().await.unwrap()]), "Bue");
    reply.push(ReplyEvent::Delta("nas".to_owned()));
    let cited = Citation {
        file: Some(FileId::new()),
        file_name: "plan.pdf".to_owned(),
        quote: Some("un plan".to_owned()),
        position: 6,
        verified: None,
    };
    reply.push(ReplyEvent::Cited(Citation { file: None, ..cited.clone() }));
    let usage = Usage { input: 10, cached: 2, output: 5, reasoning: 1 };
    reply.push(ReplyEvent::Used(usage));
    assert!(
        reply
            .end(ReplyOutcome::Completed, UsageCost::Known { usage, cost_micro_usd: 3 })
            .await
            .unwrap()
    );

    let rest = events.rest().await;
    assert_eq!(rest.last().unwrap().name, "response.completed");
    assert_eq!(text(&rest), "nas");
    let citation = rest.iter().find(|it| it.name == "citation").unwrap();
    assert_eq!(
        citation.data,
        json!({
            "file_id": null,
            "name": "plan.pdf",
            "quote": "un plan",
            "position": 6,
            "verified": null,
        })
    );
    let used = rest.iter().find(|it| it.name == "usage").unwrap();
    assert_eq!(used.data, json!({ "input": 10, "cached": 2, "output": 5, "reasoning": 1 }));
    let message = created.data["message_id"].as_str().unwrap();
    let stored = ana.get(format!("/v1/messages/{message}")).send().await.ok(200);
    assert_eq!(stored["content"], "Buenas");
}

#[tokio::test]
async fn a_stream_resumes_after_the_last_event_id() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let at = ana.start_conversation("uno").await;
    let posted = ana.post_message(&at, "hola").await;
    let target = format!("/v1/responses/{}/events", posted["response"]["id"].as_str().unwrap());
    let mut reply = stack.claim_reply().await;
    for word in ["uno ", "dos ", "tres "] {
        reply.push(ReplyEvent::Delta(word.to_owned()));
    }
    let mut first = ana.get(&target).events().await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(first.next().await.unwrap());
    }
    drop(first);
    let last = seen.last().unwrap().id.unwrap();
    reply.push(ReplyEvent::Delta("cuatro".to_owned()));
    assert!(reply.end(ReplyOutcome::Completed, UsageCost::Nothing).await.unwrap());

    let again = ana.get(&target).header("last-event-id", last.to_string()).events().await;
    let rest = again.rest().await;
    assert!(rest.iter().filter_map(|it| it.id).all(|id| id > last));
    assert_eq!(text(&seen) + &text(&rest), "uno dos tres cuatro");
    assert_eq!(names(&rest).last(), Some(&"response.completed"));
    let by_query = ana.get(format!("{target}?after={last}")).events().await.rest().await;
    assert_eq!(by_query, rest);
    let whole = ana.get(&target).events().await.rest().await;
    assert_eq!(text(&whole), "uno dos tres cuatro");
}

#[tokio::test]
async fn a_failed_reply_ends_the_stream_with_its_problem() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let at = ana.start_conversation("uno").await;
    let posted = ana.post_message(&at, "hola").await;
    let response = format!("/v1/responses/{}", posted["response"]["id"].as_str().unwrap());
    let mut reply = stack.claim_reply().await;
    reply.push(ReplyEvent::Delta("a medias".to_owned()));
    let failed = ReplyOutcome::Failed(ReplyFailure::Interrupted);
    assert!(reply.end(failed, UsageCost::Nothing).await.unwrap());

    let events = ana.get(format!("{response}/events")).events().await.rest().await;
    let end = events.last().unwrap();
    assert_eq!(end.name, "response.failed");
    assert_eq!(end.data["problem"]["code"], "reply-interrupted");
    assert_eq!(end.data["problem"]["title"], "Respuesta interrumpida");
    let shown = ana.get(&response).send().await.ok(200);
    assert_eq!((&shown["state"], &shown["error"]), (&json!("failed"), &json!("reply-interrupted")));
    let message = format!("/v1/messages/{}", posted["reply"]["id"].as_str().unwrap());
    assert_eq!(ana.get(message).send().await.ok(200)["content"], "a medias");
}

#[tokio::test]
async fn an_invalid_last_event_id_is_refused() {
    let stack = Stack::start().await;
    let (ana, ben) = (stack.participant("Ana").await, stack.participant("Ben").await);
    let at = ana.start_conversation("uno").await;
    let posted = ana.post_message(&at, "hola").await;
    let target = format!("/v1/responses/{}/events", posted["response"]["id"].as_str().unwrap());
    ana.get(format!("{target}?after=x")).send().await.problem(400, "malformed");
    ana.get(&target).header("last-event-id", "-1").send().await.problem(400, "malformed");
    let json = ana.get(&target).header("accept", "application/json").send().await;
    json.problem(406, "not-acceptable");
    ben.get(&target).send().await.problem(404, "not-found");
    let refused = ana.get(format!("{target}?from=1")).send().await;
    assert_eq!(refused.invalid(), ("/from".to_owned(), "unknown-field".to_owned()));
}

#[tokio::test]
async fn a_stream_ends_with_its_session() {
    let stack = Stack::start().await;
    let phone = stack.participant("Ana").await;
    let laptop = stack.log_in(&phone.phone).await;
    let at = phone.start_conversation("uno").await;
    let posted = phone.post_message(&at, "hola").await;
    let target = format!("/v1/responses/{}/events", posted["response"]["id"].as_str().unwrap());
    let events = laptop.get(&target).events().await;

    let ended = phone.delete(format!("/v1/sessions/{}", laptop.session)).send().await;
    assert_eq!(ended.status.as_u16(), 204);

    let rest = events.rest().await;
    assert_eq!(names(&rest), ["unauthenticated"]);
    assert_eq!(rest[0].data["problem"]["code"], "unauthenticated");
}

#[tokio::test]
async fn a_stream_ends_with_its_conversation() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let at = ana.start_conversation("uno").await;
    let posted = ana.post_message(&at, "hola").await;
    let target = format!("/v1/responses/{}/events", posted["response"]["id"].as_str().unwrap());
    let events = ana.get(&target).events().await;
    assert_eq!(ana.delete(&at).send().await.status.as_u16(), 204);
    assert_eq!(names(&events.rest().await), ["response.deleted"]);
}

#[tokio::test]
async fn open_streams_do_not_delay_shutdown() {
    let stack = Stack::with(|it| it.shutdown_seconds = 60).await;
    let ana = stack.participant("Ana").await;
    let at = ana.start_conversation("uno").await;
    let call = ana.post(format!("{at}/messages")).json(&json!({ "content": "hola" }));
    let events = call.events().await;
    let began = Instant::now();
    let (rest, ()) = tokio::join!(events.rest(), stack.shut_down());
    assert_eq!(names(&rest), ["reconnect"]);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_server_in_shutdown_ends_its_streams_and_refuses_new_ones() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let at = ana.start_conversation("uno").await;
    let posted = ana.post_message(&at, "hola").await;
    let target = format!("/v1/responses/{}/events", posted["response"]["id"].as_str().unwrap());
    let mut events = ana.get(&target).events().await;
    let _reply = stack.claim_reply().await;
    assert_eq!(events.next().await.unwrap().name, "response.created");

    stack.stop.cancel();

    assert_eq!(names(&events.rest().await), ["reconnect"]);
    let refused = ana.get(&target).header("accept", "text/event-stream").send().await;
    assert_eq!(refused.header("retry-after"), "1");
    refused.problem(503, "unavailable");
    let other = ana.start_conversation("dos").await;
    let call = ana.post(format!("{other}/messages")).header("accept", "text/event-stream");
    call.json(&json!({ "content": "hola" })).send().await.problem(503, "unavailable");
    let count: Value = ana.get(&other).send().await.ok(200)["message_count"].clone();
    assert_eq!(count, 0);
}
