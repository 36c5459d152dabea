//! Answers that are late, in crumbs, or cut off at any byte.

use std::time::Duration;

use futures_util::StreamExt as _;
use ignacio_devstack::openai::{Effect, Fault, Script};
use reqwest::Response;
use serde_json::json;

use super::{Bench, asking, events, names, written};

const TEXT: &str = "Año nuevo, ñandú «así».";

/// What arrives of a body, and whether it is whole.
async fn take(response: Response) -> (Vec<u8>, bool) {
    let mut body = response.bytes_stream();
    let mut bytes = Vec::new();
    while let Some(piece) = body.next().await {
        match piece {
            Ok(piece) => bytes.extend(piece),
            Err(_) => return (bytes, false),
        }
    }
    (bytes, true)
}

impl Bench {
    /// A streamed response with a fault, as far as it arrives.
    async fn faulty(&self, effect: Effect) -> (Vec<u8>, bool) {
        self.openai.script(Script::text(TEXT));
        self.openai.fault(Fault::new(effect).on("POST", "/v1/responses"));
        let request = self.posting("/responses", &asking(json!({ "stream": true })));
        take(request.send().await.expect("a head")).await
    }
}

#[tokio::test]
async fn a_stream_can_be_cut_at_every_byte() {
    let bench = Bench::start();
    let (whole, is_whole) = bench.faulty(Effect::Slow { millis: 0 }).await;
    assert!(is_whole);
    // Every place in the first event, and in one delta with letters of two bytes.
    let delta = whole.windows(TEXT.len()).position(|it| it.starts_with("ñandú".as_bytes()));
    let delta = delta.expect("the delta");
    for cut in (0..300).chain(delta - 150..delta + 60) {
        let bytes = u64::try_from(cut).expect("a number");
        let (part, is_whole) = bench.faulty(Effect::CutAfterBytes { bytes }).await;
        assert!(!is_whole, "cut at {cut}");
        assert_eq!(part.len(), cut);
    }
    bench.until("all responses end", |it| it.inventory().running == 0).await;
}

#[tokio::test]
async fn a_cut_after_the_end_changes_nothing() {
    let bench = Bench::start();
    let (_, is_whole) = bench.faulty(Effect::CutAfterBytes { bytes: 1_000_000 }).await;
    assert!(is_whole);
}

#[tokio::test]
async fn an_answer_that_is_no_stream_can_be_cut_too() {
    let bench = Bench::start();
    bench.openai.fault(Fault::new(Effect::CutAfterBytes { bytes: 40 }).on("POST", "/v1/responses"));
    let request = bench.posting("/responses", &asking(json!({})));
    let (part, is_whole) = take(request.send().await.expect("a head")).await;
    assert_eq!((part.len(), is_whole), (40, false));
    assert_eq!(bench.openai.counters().responses, 1, "the response was generated");
}

#[tokio::test]
async fn crumbs_of_any_size_make_the_same_text() {
    let bench = Bench::start();
    for size in [1, 2, 3, 5, 7, 16, 64] {
        let (bytes, is_whole) = bench.faulty(Effect::Rechunk { bytes: size }).await;
        assert!(is_whole);
        assert_eq!(written(&events(&String::from_utf8(bytes).expect("UTF-8"))), TEXT);
    }
}

#[tokio::test]
async fn a_crumb_travels_alone() {
    let bench = Bench::start();
    bench.openai.fault(Fault::new(Effect::Rechunk { bytes: 10 }).on("GET", "/v1/files"));
    let response = bench.request(reqwest::Method::GET, "/files").send().await.expect("a head");
    let first = response.bytes_stream().next().await.expect("a piece").expect("bytes");
    assert_eq!(first.len(), 10);
}

#[tokio::test]
async fn a_stream_can_break_off_after_an_event() {
    let bench = Bench::start();
    let (bytes, is_whole) = bench.faulty(Effect::CutAfterEvents { events: 3 }).await;
    let text = String::from_utf8(bytes).expect("UTF-8");
    assert_eq!((events(&text).len(), is_whole), (3, false));
}

#[tokio::test]
async fn events_can_come_twice() {
    let bench = Bench::start();
    let (bytes, _) = bench.faulty(Effect::RepeatEvents { every: 2 }).await;
    let events = events(&String::from_utf8(bytes).expect("UTF-8"));
    assert_eq!(
        names(&events)[..3],
        ["response.created", "response.in_progress", "response.in_progress"]
    );
    assert_eq!(events[1], events[2]);
}

#[tokio::test]
async fn an_answer_can_stall_until_the_fault_is_lifted() {
    let bench = Bench::start();
    let stall = bench.openai.fault(Fault::new(Effect::StallHeaders).on("GET", "/v1/files"));
    let mut waiting = Box::pin(bench.get("/files"));
    let early = tokio::time::timeout(Duration::from_millis(50), &mut waiting).await;
    assert!(early.is_err(), "nothing comes");
    bench.openai.lift(stall);
    assert_eq!(waiting.await.status, 200);
}

#[tokio::test]
async fn a_stream_can_go_silent_in_the_middle() {
    let bench = Bench::start();
    bench.openai.script(Script::text(TEXT));
    let stall = Effect::StallAfterEvents { events: 2 };
    let stall = bench.openai.fault(Fault::new(stall).on("POST", "/v1/responses"));
    let request = bench.posting("/responses", &asking(json!({ "stream": true })));
    let mut body = request.send().await.expect("a head").bytes_stream();
    let mut text = Vec::new();
    while events(&String::from_utf8_lossy(&text)).len() < 2 {
        text.extend(body.next().await.expect("more").expect("bytes"));
    }
    let more = tokio::time::timeout(Duration::from_millis(50), body.next()).await;
    assert!(more.is_err(), "silence");
    bench.openai.lift(stall);
    while let Some(piece) = body.next().await {
        text.extend(piece.expect("bytes"));
    }
    assert_eq!(written(&events(&String::from_utf8(text).expect("UTF-8"))), TEXT);
}

#[tokio::test]
async fn a_connection_can_be_closed_without_an_answer() {
    let bench = Bench::start();
    let closed = bench.openai.fault(Fault::unreachable());
    for _ in 0..3 {
        let error = bench.request(reqwest::Method::GET, "/files").send().await;
        assert!(error.is_err(), "{error:?}");
    }
    bench.openai.lift(closed);
    assert_eq!(bench.get("/files").await.status, 200);
}
