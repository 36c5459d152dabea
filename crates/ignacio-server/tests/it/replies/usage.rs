//! What replies cost, including those that are cancelled or fail, and messages that are posted
//! again because their response was lost.

use std::time::{Duration, Instant};

use ignacio_devstack::openai::{Effect, Fault};
use ignacio_devstack::scale;
use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::{ReplyReader, script_reply, words};
use crate::stack::{SERVE, SERVE_WITH_WORKER, Stack, until};

const PHONE: &str = "+573001110023";
/// How often each message is posted without waiting for the response.
const LOST_ANSWERS: usize = 5;

#[tokio::test]
async fn a_cancelled_reply_keeps_its_text_and_costs_the_reported_usage() {
    // The process that cancels it is not the one that writes it.
    let stack = Stack::start_with_separate_worker().await;
    let ana = stack.participant(PHONE).await;
    for _ in 0..2 {
        script_reply(&stack, &words(5));
        let mut reading = ReplyReader::ask(&stack, 0, &ana.token).await;
        reading.follow(&stack, 0).await;
        reading.read_all().await;
        reading.assert_complete(&stack, &words(5), "in peace").await;
    }

    script_reply(&stack, &words(9));
    stack.openai.fault(Fault::new(Effect::Pause { after_deltas: 3 }));
    let mut stopped = ReplyReader::ask(&stack, 0, &ana.token).await;
    stopped.follow(&stack, 0).await;
    stopped.read_words(3).await;
    let since = Instant::now();
    let path = format!("/v1/responses/{}/cancel", stopped.response);
    assert_eq!(ana.status(Method::POST, &path).await, StatusCode::ACCEPTED);
    let patience = Duration::from_mins(1);
    assert!(stack.openai.until(patience, |it| it.counters().cancelled == 1).await);
    println!("stopped upstream after {:?}", since.elapsed());
    stopped.read_all().await;
    assert_eq!(stopped.end(), Some("response.cancelled"));
    assert_eq!(stopped.text(), words(3).concat());
    let stored = ana.get(&format!("/v1/messages/{}", stopped.message)).await;
    assert_eq!(
        (&stored["status"], &stored["content"]),
        (&json!("cancelled"), &json!(words(3).concat()))
    );

    script_reply(&stack, &words(9));
    let code = "invalid_prompt".to_owned();
    let failed = Effect::Failed { after_deltas: 2, code, message: "No.".to_owned() };
    stack.openai.fault(Fault::new(failed));
    let mut failed = ReplyReader::ask(&stack, 0, &ana.token).await;
    failed.follow(&stack, 0).await;
    failed.read_all().await;
    assert_eq!(failed.end(), Some("response.failed"));
    assert_eq!(failed.text(), words(2).concat());

    let open = "select (select count(*) from follow_up_jobs)
                     + (select count(*) from usage_records where state = 'reserved')";
    until("all is settled", async || stack.database.query_i64(open).await == 0).await;
    // The provider does not report the usage of a failed reply: it costs what was reserved.
    let estimated = "select count(*) from usage_records
                      where state = 'estimated' and cost_micro = reserved_micro and cost_micro > 0";
    assert_eq!(stack.database.query_i64(estimated).await, 1);
    let counted = stack.openai.counters();
    let sums = "select sum(input_tokens) || ' ' || sum(output_tokens) from usage_records
                 where state = 'settled'";
    let expected = format!("{} {}", counted.input_tokens, counted.output_tokens);
    assert_eq!(stack.database.query_text(sums).await, expected);
    let usage = ana.get("/v1/me/usage").await;
    let replies: i64 =
        usage["data"].as_array().unwrap().iter().map(|it| it["replies"].as_i64().unwrap()).sum();
    assert_eq!(replies, 4);
}

#[tokio::test]
async fn retried_messages_are_posted_once() {
    let stack = Stack::start_replicas(&[SERVE_WITH_WORKER, SERVE], &[]).await;
    let ana = stack.participant(PHONE).await;
    let n_questions = scale(6, 1_000);
    for n in 0..n_questions {
        let conversation = ana.conversation().await;
        let path = format!("/v1/conversations/{conversation}/messages");
        let body = json!({ "content": format!("Pregunta {n}") }).to_string();
        for attempt in 0..LOST_ANSWERS {
            let head = format!(
                "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
                 idempotency-key: question-{n}\r\ncontent-type: application/json\r\n\
                 content-length: {}\r\n\r\n",
                ana.token,
                body.len()
            );
            let mut socket = TcpStream::connect(stack.address_of(attempt % 2)).await.unwrap();
            socket.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
            // Disconnects without reading the response.
            drop(socket);
        }
        let ask = |replica: usize| {
            let request = stack.request_to(replica, Method::POST, &path).bearer_auth(&ana.token);
            request
                .header("Idempotency-Key", format!("question-{n}"))
                .header("Content-Type", "application/json")
                .body(body.clone())
        };
        let mut responses = Vec::new();
        for replica in [0, 1] {
            let mut reply = String::new();
            until("an answer", async || {
                let response = ask(replica).send().await.unwrap();
                let is_made = response.status() == StatusCode::CREATED;
                reply = response.text().await.unwrap();
                is_made
            })
            .await;
            responses.push(reply);
        }
        assert_eq!(responses[0], responses[1]);
        assert_eq!(ana.messages(&conversation).await.len(), 2, "question {n}");
    }
    let running = "select count(*) from responses where state in ('queued', 'running')";
    until("all replies", async || stack.database.query_i64(running).await == 0).await;
    assert_eq!(stack.openai.counters().responses, u64::try_from(n_questions).unwrap());
}
