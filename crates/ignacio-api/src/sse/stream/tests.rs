//! A stream opens at once, pings when silent, and ends in order.

use futures_util::stream::{self, StreamExt as _};
use ignacio_domain::locale::Locale;
use ignacio_domain::reply::ReplyEvent;
use ignacio_domain::response::ReplyOutcome;
use tokio::sync::mpsc;

use super::*;

type Item = Result<NumberedEvent, StoreError>;

fn body<S: Stream<Item = Item>>(events: S, stop: &CancellationToken) -> EventBody<S> {
    let context = RequestContext { request_id: "r".into(), locale: Locale::Es, path: "/".into() };
    EventBody::new(events, stop.clone(), context)
}

fn delta(seq: i64) -> NumberedEvent {
    NumberedEvent { seq, event: ReplyEvent::Delta("x".to_owned()) }
}

fn ended(seq: i64) -> NumberedEvent {
    NumberedEvent { seq, event: ReplyEvent::Ended(ReplyOutcome::Completed) }
}

async fn all_of(body: EventBody<impl Stream<Item = Item>>) -> String {
    let chunks: Vec<_> = body.map(Result::unwrap).collect().await;
    String::from_utf8(chunks.concat()).unwrap()
}

fn names(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.strip_prefix("event: ")).collect()
}

#[tokio::test]
async fn events_that_are_ready_go_out_together_and_the_last_ends_the_stream() {
    let stop = CancellationToken::new();
    let events = stream::iter([delta(1), delta(2), ended(3), delta(4)].map(Ok));
    let mut body = body(events, &stop);
    let first = body.next().await.unwrap().unwrap();
    let text = String::from_utf8(first.to_vec()).unwrap();
    assert!(text.starts_with("retry: 2000\n\n"));
    assert_eq!(names(&text), ["delta", "delta", "response.completed"]);
    assert!(body.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn silence_is_filled_with_pings() {
    let stop = CancellationToken::new();
    let mut body = body(stream::pending(), &stop);
    let started = Instant::now();
    assert_eq!(body.next().await.unwrap().unwrap(), encode::OPENING);
    for n_pings in 1..4 {
        assert_eq!(body.next().await.unwrap().unwrap(), encode::PING);
        assert_eq!(started.elapsed().as_secs(), n_pings * 10);
    }
}

#[tokio::test(start_paused = true)]
async fn a_busy_stream_goes_on_after_a_tick() {
    let stop = CancellationToken::new();
    let (sender, mut receiver) = mpsc::channel::<Item>(1);
    let events = stream::poll_fn(move |cx| receiver.poll_recv(cx));
    let mut body = body(events, &stop);
    assert_eq!(body.next().await.unwrap().unwrap(), encode::OPENING);
    for seq in 1..30 {
        tokio::time::advance(Duration::from_secs(3)).await;
        sender.send(Ok(delta(seq))).await.unwrap();
        let text = String::from_utf8(body.next().await.unwrap().unwrap().to_vec()).unwrap();
        assert_eq!(names(&text), ["delta"], "{seq}");
    }
    assert_eq!(body.next().await.unwrap().unwrap(), encode::PING);
}

#[tokio::test]
async fn a_stopping_server_asks_its_readers_to_come_back() {
    let stop = CancellationToken::new();
    let mut body = body(stream::pending(), &stop);
    assert_eq!(body.next().await.unwrap().unwrap(), encode::OPENING);
    stop.cancel();
    assert_eq!(names(&all_of(body).await), ["reconnect"]);
}

#[tokio::test]
async fn failures_are_told_in_an_event() {
    let stop = CancellationToken::new();
    for (error, name) in [
        (StoreError::Unauthenticated, "unauthenticated"),
        (StoreError::NotFound, "response.deleted"),
        (StoreError::Corrupt { table: "responses", column: "state" }, "reconnect"),
    ] {
        let text =
            all_of(body(stream::iter([Ok(delta(1)), Err(error), Ok(delta(2))]), &stop)).await;
        assert_eq!(names(&text), ["delta", name]);
    }
}

#[tokio::test]
async fn a_reader_that_has_everything_gets_an_empty_stream() {
    let stop = CancellationToken::new();
    assert_eq!(all_of(body(stream::empty(), &stop)).await, "retry: 2000\n\n");
}
