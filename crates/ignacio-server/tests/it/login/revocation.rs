//! An ended session is refused by every replica at the next request, and its streams end.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::{join, join_all};
use ignacio_devstack::openai::{Effect, Fault, Script};
use ignacio_devstack::scale;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use super::phone;
use crate::stack::{SERVE, SERVE_WITH_WORKER, Stack, until};

/// How long a stream may continue after its session has ended.
const STREAM_ENDS: Duration = Duration::from_secs(15);

/// What happened to the requests of one session while it was ended.
#[derive(Default)]
struct RequestLoop {
    is_over: AtomicBool,
    n_before: AtomicUsize,
    n_after: AtomicUsize,
}

impl RequestLoop {
    /// Reads and writes in turn, until the session has ended and a little longer.
    async fn run(&self, stack: &Stack, token: &str, n: usize) {
        let mut n_after = 0;
        for turn in n.. {
            // A request that is sent before the end is known may get either response.
            let is_over = self.is_over.load(Ordering::SeqCst);
            let call = if turn % 2 == 0 {
                stack.request_to(n / 2 % 2, Method::GET, "/v1/me")
            } else {
                stack.request_to(n / 2 % 2, Method::POST, "/v1/conversations").json(&json!({}))
            };
            let status = call.bearer_auth(token).send().await.unwrap().status();
            if is_over {
                assert_eq!(status, StatusCode::UNAUTHORIZED, "after the end");
                n_after += 1;
                if n_after == 4 {
                    self.n_after.fetch_add(n_after, Ordering::SeqCst);
                    return;
                }
            } else {
                let is_good = status.is_success() || status == StatusCode::UNAUTHORIZED;
                assert!(is_good, "{status}");
                self.n_before.fetch_add(usize::from(status.is_success()), Ordering::SeqCst);
            }
        }
    }
}

/// A token, and the id of the session or the user that a response names.
fn token_and_id(opened: &Value, whose: &str) -> (String, String) {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&opened["token"]), text(&opened[whose]["id"]))
}

#[tokio::test]
async fn an_ended_session_and_a_deactivated_user_are_refused_at_the_next_request() {
    let n_connections = scale(24, 100);
    let stack = Stack::start_replicas(&[SERVE_WITH_WORKER, SERVE], &[]).await;
    stack.create_users(2).await;
    let staff = format!("update users set is_admin = true where phone_number = '{}'", phone(1));
    stack.database.execute(&staff).await;
    let eva = stack.create_sent_codes(2, 2).await.remove(1);
    let (eva, _) = token_and_id(&stack.log_in_at(0, &eva).await, "user");
    let words = (0..100_000).map(|n| format!("palabra{n} "));
    stack.openai.script(Script::deltas(words.clone().collect::<Vec<_>>()));
    stack.openai.script(Script::deltas(words.collect::<Vec<_>>()));
    let slowly = Fault::new(Effect::Slow { millis: 20 });
    stack.openai.fault(slowly.on("POST", "/v1/responses").until_lifted());

    for act in ["log-out", "deactivation"] {
        let laptop = stack.create_sent_codes(1, 1).await.remove(0);
        let (laptop, _) = token_and_id(&stack.log_in_at(1, &laptop).await, "session");
        let mobile = stack.create_sent_codes(1, 1).await.remove(0);
        let opened = stack.log_in_at(0, &mobile).await;
        let (token, session) = token_and_id(&opened, "session");
        let (_, user) = token_and_id(&opened, "user");
        let streams = streams(&stack, &token).await;

        let hammer = RequestLoop::default();
        let loops = (0..n_connections).map(|n| hammer.run(&stack, &token, n));
        let end = async {
            let enough = 3 * n_connections;
            until("requests", async || hammer.n_before.load(Ordering::SeqCst) >= enough).await;
            let call = if act == "log-out" {
                let path = format!("/v1/sessions/{session}");
                stack.request_to(1, Method::DELETE, &path).bearer_auth(&laptop)
            } else {
                let path = format!("/v1/admin/users/{user}");
                let call = stack.request_to(1, Method::PATCH, &path).bearer_auth(&eva);
                call.header("if-match", "*").json(&json!({ "active": false }))
            };
            let mut status = StatusCode::SERVICE_UNAVAILABLE;
            // This many requests may exhaust the connections; then nothing is done.
            until("the end", async || {
                status = call.try_clone().unwrap().send().await.unwrap().status();
                status != StatusCode::SERVICE_UNAVAILABLE
            })
            .await;
            hammer.is_over.store(true, Ordering::SeqCst);
            assert!(status.is_success(), "{act}: {status}");
        };
        let ended = Instant::now();
        join(join_all(loops), end).await;
        for stream in streams {
            let rest = timeout(STREAM_ENDS, stream.text()).await.expect("the stream continues");
            // A closed connection is an end too.
            assert!(!rest.unwrap_or_default().contains("response.completed"), "{act}");
        }
        println!(
            "B3: {act}: {} good answers before, {} of {} refused after; streams over within {:?}",
            hammer.n_before.load(Ordering::SeqCst),
            hammer.n_after.load(Ordering::SeqCst),
            4 * n_connections,
            ended.elapsed()
        );
    }
}

/// A long reply that is being read, from the replica that writes it and from the other one.
async fn streams(stack: &Stack, token: &str) -> [Response; 2] {
    let user = stack.user(token);
    let conversation = user.conversation().await;
    let path = format!("/v1/conversations/{conversation}/messages");
    let call = user.request(Method::POST, &path).header("Accept", "text/event-stream");
    let mut first = call.json(&json!({ "content": "Cuenta." })).send().await.unwrap();
    let mut read = String::new();
    while !read.contains("palabra0") {
        read.push_str(std::str::from_utf8(&first.chunk().await.unwrap().unwrap()).unwrap());
    }
    let id = read.split("\"response_id\":\"").nth(1).unwrap().split('"').next().unwrap();
    let path = format!("/v1/responses/{id}/events");
    let mut second =
        stack.request_to(1, Method::GET, &path).bearer_auth(token).send().await.unwrap();
    assert_eq!(second.status(), StatusCode::OK);
    assert!(second.chunk().await.unwrap().is_some());
    [first, second]
}
