//! Responses as streams, and streams that are joined again.

use std::time::Duration;

use futures_util::StreamExt as _;
use ignacio_devstack::openai::{Effect, Fault, Script};
use reqwest::Response;
use serde_json::{Value, json};

use super::{Bench, Event, asking, events, file_search, message, names, written};

/// Reads a stream until it has this many events.
async fn read(response: Response, wanted: usize) -> Vec<Event> {
    let mut body = response.bytes_stream();
    let mut text = Vec::new();
    while events(&String::from_utf8_lossy(&text)).len() < wanted {
        text.extend(body.next().await.expect("more").expect("bytes"));
    }
    let mut found = events(&String::from_utf8_lossy(&text));
    found.truncate(wanted);
    found
}

fn sequence(events: &[Event]) -> Vec<u64> {
    events.iter().filter_map(|it| it.data["sequence_number"].as_u64()).collect()
}

#[tokio::test]
async fn events_come_in_the_order_of_the_api() {
    let bench = Bench::start();
    let store = bench.store_with(&[("a.md", "El alquiler cuesta 900 euros al mes.".into())]).await;
    let fields = json!({ "input": "¿Cuánto cuesta el alquiler?", "tools": file_search(&store) });
    let events = bench.stream(fields).await;
    assert_eq!(
        names(&events),
        [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.file_search_call.in_progress",
            "response.file_search_call.searching",
            "response.file_search_call.completed",
            "response.output_item.done",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.annotation.added",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.completed",
        ]
    );
    let expected: Vec<u64> = (0..).take(events.len()).collect();
    assert_eq!(sequence(&events), expected);
    assert!(events.iter().all(|it| it.data["type"] == it.name));

    let last = &events.last().expect("events").data["response"];
    let (text, annotations) = message(last);
    assert_eq!(written(&events), text);
    let named = |name: &str| events.iter().find(|it| it.name == name).expect("an event");
    assert_eq!(named("response.output_text.done").data["text"], json!(text));
    let annotation = &named("response.output_text.annotation.added").data;
    assert_eq!(annotation["annotation"], annotations[0]);
    assert_eq!((&annotation["output_index"], &annotation["content_index"]), (&json!(1), &json!(0)));
    let delta = &named("response.output_text.delta").data;
    assert!(delta["obfuscation"].is_string() && delta["logprobs"] == json!([]));
    assert_eq!(last["usage"]["input_tokens_details"]["cached_tokens"], 0);
    let id = last["id"].as_str().expect("an id");
    assert_eq!(bench.get(&format!("/responses/{id}")).await.ok(), *last);
}

#[tokio::test]
async fn words_come_one_by_one() {
    let bench = Bench::start();
    bench.openai.script(Script::text("Uno dos\ntres"));
    let fields = json!({ "stream_options": { "include_obfuscation": false } });
    let events = bench.stream(fields).await;
    let deltas: Vec<&Value> =
        events.iter().map(|it| &it.data["delta"]).filter(|it| !it.is_null()).collect();
    assert_eq!(deltas, ["Uno ", "dos\n", "tres"]);
    assert!(events.iter().all(|it| it.data["obfuscation"].is_null()));
}

#[tokio::test]
async fn a_background_stream_can_be_joined_after_any_event() {
    let bench = Bench::start();
    bench.openai.script(Script::text("Uno dos tres"));
    let all = bench.stream(json!({ "background": true })).await;
    assert_eq!(names(&all)[..3], ["response.created", "response.queued", "response.in_progress"]);
    let id = all[0].data["response"]["id"].as_str().expect("an id").to_owned();

    let join = format!("/responses/{id}?stream=true");
    assert_eq!(events(&bench.get(&join).await.text), all);
    for (place, event) in all.iter().enumerate() {
        let sequence = &event.data["sequence_number"];
        let rest = bench.get(&format!("{join}&starting_after={sequence}")).await;
        assert_eq!(events(&rest.text), all[place + 1..], "after {sequence}");
    }
    assert_eq!(bench.get(&format!("{join}&starting_after=x")).await.error().0, 400);
    bench.openai.advance(Duration::from_secs(301));
    assert_eq!(bench.get(&join).await.error().0, 400);
    assert_eq!(bench.get(&format!("/responses/{id}")).await.ok()["status"], "completed");
}

#[tokio::test]
async fn a_joined_stream_replays_and_then_follows() {
    let bench = Bench::start();
    bench.openai.script(Script::text("Uno dos tres cuatro cinco"));
    let pause = bench.openai.fault(Fault::new(Effect::Pause { after_deltas: 3 }));
    let body = asking(json!({ "background": true, "stream": true }));
    let first = bench.posting("/responses", &body).send().await.expect("a stream");
    // Created, queued, in progress, item, part, three deltas; then this connection goes away.
    let seen = read(first, 8).await;
    assert_eq!(written(&seen), "Uno dos tres ");

    let id = seen[0].data["response"]["id"].as_str().expect("an id");
    let after = seen[6].data["sequence_number"].as_u64().expect("a number");
    let path = format!("/responses/{id}?stream=true&starting_after={after}");
    let joined = bench.request(reqwest::Method::GET, &path).send().await.expect("a stream");
    bench.openai.lift(pause);
    let rest = events(&joined.text().await.expect("a whole body"));
    assert_eq!(written(&rest), "tres cuatro cinco");
    assert_eq!(sequence(&rest)[0], after + 1);
    assert_eq!(rest.last().map(|it| it.name.as_str()), Some("response.completed"));
    assert_eq!(bench.openai.counters().abandoned, 0);
}

#[tokio::test]
async fn only_a_background_stream_can_be_joined() {
    let bench = Bench::start();
    let plain = bench.stream(json!({})).await;
    let silent = bench.ask(json!({ "background": true })).await.ok();
    for id in [&plain[0].data["response"]["id"], &silent["id"]] {
        let path = format!("/responses/{}?stream=true", id.as_str().expect("an id"));
        assert_eq!(bench.get(&path).await.error().0, 400);
    }
}

#[tokio::test]
async fn cancelling_ends_the_stream_without_a_terminal_event() {
    let bench = Bench::start();
    bench.openai.script(Script::text("Uno dos tres cuatro"));
    bench.openai.fault(Fault::new(Effect::Pause { after_deltas: 2 }));
    let body = asking(json!({ "background": true, "stream": true }));
    let stream = bench.posting("/responses", &body).send().await.expect("a stream");
    bench.until("a response runs", |it| it.inventory().running == 1).await;
    let created = bench.openai.calls_to("POST", "/v1/responses");
    assert_eq!(created.len(), 1);

    let mut body = stream.bytes_stream();
    let mut text = Vec::new();
    while written(&events(&String::from_utf8_lossy(&text))) != "Uno dos " {
        text.extend(body.next().await.expect("more").expect("bytes"));
    }
    let id = events(&String::from_utf8_lossy(&text))[0].data["response"]["id"].clone();
    let id = id.as_str().expect("an id");
    let cancelled = bench.post(&format!("/responses/{id}/cancel"), &json!({})).await.ok();
    assert!(body.next().await.is_none(), "the stream ends");
    let (text, _) = message(&cancelled);
    assert_eq!((text.as_str(), &cancelled["status"]), ("Uno dos ", &json!("cancelled")));
    assert_eq!(cancelled["usage"]["output_tokens"], 2);
    assert_eq!(bench.openai.counters().output_tokens, 2);
}

#[tokio::test]
async fn leaving_ends_a_plain_stream_and_not_a_background_one() {
    let bench = Bench::start();
    for background in [false, true] {
        let pause = bench.openai.fault(Fault::new(Effect::Pause { after_deltas: 1 }));
        let body = asking(json!({ "background": background, "stream": true }));
        let stream = bench.posting("/responses", &body).send().await.expect("a stream");
        let seen = read(stream, 3).await;
        let id = seen[0].data["response"]["id"].as_str().expect("an id");
        if !background {
            bench.until("the response is abandoned", |it| it.counters().abandoned == 1).await;
        }
        bench.openai.lift(pause);
        let expected = if background { "completed" } else { "cancelled" };
        assert_eq!(bench.over(id).await["status"], expected);
    }
    assert_eq!(bench.openai.counters().abandoned, 1);
}

#[tokio::test]
async fn a_hundred_streams_run_at_once() {
    let bench = Bench::start();
    let streams = (0..100).map(|_| bench.stream(json!({ "input": "¿Qué es un CAC?" })));
    let all = futures_util::future::join_all(streams).await;
    assert!(all.iter().all(|it| it.last().is_some_and(|it| it.name == "response.completed")));
    assert_eq!(bench.openai.counters().responses, 100);
}

#[tokio::test]
async fn what_a_cut_takes_away_is_there_after_joining() {
    let bench = Bench::start();
    for bytes in (1_700..4_000).step_by(97) {
        bench.openai.script(Script::text("Uno dos tres cuatro cinco seis"));
        bench.openai.fault(Fault::new(Effect::CutAfterBytes { bytes }).on("POST", "/v1/responses"));
        let body = asking(json!({ "background": true, "stream": true }));
        let stream = bench.posting("/responses", &body).send().await.expect("a stream");
        let mut body = stream.bytes_stream();
        let mut text = Vec::new();
        while let Some(Ok(piece)) = body.next().await {
            text.extend(piece);
        }
        let seen = events(&String::from_utf8_lossy(&text));
        let id = seen[0].data["response"]["id"].as_str().expect("an id");
        let after = sequence(&seen).last().copied().expect("a number");
        let path = format!("/responses/{id}?stream=true&starting_after={after}");
        let rest = events(&bench.get(&path).await.text);
        assert_eq!(written(&seen) + &written(&rest), "Uno dos tres cuatro cinco seis");
        let all: Vec<u64> = sequence(&seen).into_iter().chain(sequence(&rest)).collect();
        assert_eq!(all, (0..).take(all.len()).collect::<Vec<u64>>(), "cut at {bytes}");
    }
}

#[tokio::test]
async fn a_ticking_script_numbers_its_pieces_and_stays() {
    let bench = Bench::start();
    bench.openai.script(Script::ticking(1_000, 5));
    for _ in 0..2 {
        let events = bench.stream(json!({ "input": "hola" })).await;
        let text = written(&events);
        let pieces: Vec<Vec<u64>> = text
            .trim_matches('@')
            .split("@@")
            .map(|piece| piece.split(':').map(|it| it.parse().expect("a number")).collect())
            .collect();
        let numbers: Vec<u64> = pieces.iter().map(|it| it[0]).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4]);
        assert!(pieces.is_sorted_by(|a, b| a[1] <= b[1] && a[2] <= b[2]), "{text}");
        // The first of them comes after its pause.
        assert!(pieces[0][2] >= 1_000, "{text}");
    }
    bench.openai.clear_scripts();
    assert!(!written(&bench.stream(json!({ "input": "hola" })).await).contains('@'));
}
