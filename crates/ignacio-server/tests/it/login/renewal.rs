//! A session's token changes while the session continues; an old token that comes back ends it.

use ignacio_devstack::openai::{Effect, Fault, Script};
use ignacio_devstack::scale;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::each;
use crate::stack::{SERVE, SERVE_WITH_WORKER, Stack, events, text};

/// Renews a session at one of the processes.
async fn renew(stack: &Stack, replica: usize, token: &str) -> Value {
    let call = stack.request_to(replica, Method::POST, "/v1/sessions/current/renewal");
    let response = call.bearer_auth(token).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::CREATED);
    response.json().await.unwrap()
}

async fn status_with(stack: &Stack, replica: usize, token: &str) -> StatusCode {
    let call = stack.request_to(replica, Method::GET, "/v1/me").bearer_auth(token);
    call.send().await.unwrap().status()
}

/// Moves the time at which the old token was replaced.
async fn set_token_age(stack: &Stack, seconds: u64) {
    let moved =
        format!("update retired_tokens set created_at = now() - interval '{seconds} seconds'");
    assert!(stack.database.execute(&moved).await > 0);
}

#[tokio::test]
async fn concurrent_renewals_stay_logged_in_and_an_old_token_ends_the_session() {
    let n_tabs = scale(50, 500);
    let stack = Stack::start_replicas(&[SERVE, SERVE], &[]).await;
    stack.create_users(1).await;
    let login = stack.create_sent_codes(1, 1).await.remove(0);
    let opened = stack.log_in_at(0, &login).await;
    let old = opened["token"].as_str().unwrap();

    let renewed = each(0..n_tabs, n_tabs, async |n| renew(&stack, n % 2, old).await).await;
    let new = renewed[0]["token"].as_str().unwrap();
    assert_ne!(new, old);
    assert!(renewed.iter().all(|it| it["token"] == new), "tabs got different tokens");
    // It is the same session, and ends when it would have ended.
    for field in ["id", "expires_at", "created_at"] {
        assert!(renewed.iter().all(|it| it["session"][field] == opened["session"][field]));
    }
    for replica in 0..2 {
        for token in [old, new] {
            assert_eq!(status_with(&stack, replica, token).await, StatusCode::OK);
        }
    }
    set_token_age(&stack, 30).await;
    assert_eq!(status_with(&stack, 1, old).await, StatusCode::OK, "within the minute");

    set_token_age(&stack, 61).await;
    assert_eq!(status_with(&stack, 0, new).await, StatusCode::OK, "until the old one is shown");
    let shown = each(0..n_tabs, n_tabs, async |n| status_with(&stack, n % 2, old).await).await;
    assert_eq!(shown, vec![StatusCode::UNAUTHORIZED; n_tabs]);
    for replica in 0..2 {
        assert_eq!(status_with(&stack, replica, new).await, StatusCode::UNAUTHORIZED);
    }
    let reused = "select count(*) from audit_events where action = 'session.reused'";
    let reused = stack.database.query_i64(reused).await;
    println!("B6: {n_tabs} tabs renewed: one token, 0 log-outs; reuse at 61 s: {reused} event");
    assert_eq!(reused, 1);
    let live = "select count(*) from user_sessions where revoked_at is null";
    assert_eq!(stack.database.query_i64(live).await, 0);
}

#[tokio::test]
async fn a_stream_opened_with_the_old_token_continues() {
    let stack = Stack::start_replicas(&[SERVE_WITH_WORKER, SERVE], &[]).await;
    stack.create_users(1).await;
    let login = stack.create_sent_codes(1, 1).await.remove(0);
    let opened = stack.log_in_at(0, &login).await;
    let old = opened["token"].as_str().unwrap();
    let user = stack.user(old);
    let conversation = user.conversation().await;
    let words: Vec<String> = (0..150).map(|n| format!("palabra{n} ")).collect();
    stack.openai.script(Script::deltas(words.clone()));
    let slowly = Fault::new(Effect::Slow { millis: 20 });
    stack.openai.fault(slowly.on("POST", "/v1/responses"));
    let call = user
        .request(Method::POST, &format!("/v1/conversations/{conversation}/messages"))
        .header("Accept", "text/event-stream")
        .json(&json!({ "content": "Cuenta." }));
    let mut stream = call.send().await.unwrap();
    let mut read = String::new();
    let append = |read: &mut String, more: &[u8]| {
        read.push_str(std::str::from_utf8(more).unwrap());
    };
    while !read.contains("palabra1 ") {
        append(&mut read, &stream.chunk().await.unwrap().unwrap());
    }
    let new = renew(&stack, 1, old).await;
    set_token_age(&stack, 61).await;
    assert!(!read.contains("response.completed"), "it was renewed too late");
    while let Some(more) = stream.chunk().await.unwrap() {
        append(&mut read, &more);
    }
    let all = events(&read);
    assert_eq!(all.last().unwrap().kind, "response.completed");
    assert_eq!(text(&all), words.concat());
    let new = new["token"].as_str().unwrap();
    assert_eq!(status_with(&stack, 0, new).await, StatusCode::OK);
}
