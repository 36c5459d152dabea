//! A conversation that is deleted while its reply is written.

use std::time::{Duration, Instant};

use ignacio_devstack::openai::{Effect, Fault};
use reqwest::{Method, StatusCode};

use super::{ReplyReader, script_reply, words};
use crate::stack::{Stack, until};

const PHONE: &str = "+573001110022";

#[tokio::test]
async fn a_deleted_conversation_stops_its_reply_and_leaves_nothing() {
    // The worker is a separate process and the provider is silent, so nothing notifies it.
    let stack = Stack::start_with_separate_worker().await;
    let ana = stack.participant(PHONE).await;
    script_reply(&stack, &words(9));
    stack.openai.fault(Fault::new(Effect::Pause { after_deltas: 3 }));
    let mut reading = ReplyReader::ask(&stack, 0, &ana.token).await;
    reading.follow(&stack, 0).await;
    reading.read_words(3).await;
    let upstream = reading.column(&stack, "provider_response_id").await.unwrap();

    let path = format!("/v1/conversations/{}", reading.conversation);
    let deleted = Instant::now();
    assert_eq!(ana.status(Method::DELETE, &path).await, StatusCode::NO_CONTENT);
    let is_stopped =
        stack.openai.until(Duration::from_mins(1), |it| it.counters().cancelled == 1).await;
    println!("stopped upstream after {:?}", deleted.elapsed());

    assert!(is_stopped, "nobody stopped it");
    let gone = format!("/v1/responses/{upstream}");
    until("a deletion upstream", async || {
        let calls = stack.openai.calls_to("DELETE", &gone);
        calls.iter().any(|it| it.status == Some(200))
    })
    .await;
    reading.read_all().await;
    assert!(!reading.is_over());
    let left = "select (select count(*) from responses) + (select count(*) from response_events)
                     + (select count(*) from messages) + (select count(*) from purge_queue)";
    until("nothing left", async || stack.database.query_i64(left).await == 0).await;
    assert_eq!(stack.openai.inventory().running, 0);
    assert_eq!(stack.openai.counters().responses, 1);
}
