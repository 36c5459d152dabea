//! The login does not reveal who is a user: not by a response, its length or its time.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use ignacio_devstack::scale;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::statistics::Latencies;
use super::{AT_ONCE, MANY_CLIENTS, each, new_address, phone};
use crate::stack::{SERVE, SERVE_WITH_WORKER, Stack, until};

/// Kinds of numbers.
const CLASSES: [&str; 4] = ["known", "unknown", "inactive", "temporary"];

/// A time of the greatest length.
const TIME: &str = "2026-01-01T00:00:00.123456Z";

/// A number of a class for the n-th round.
fn number(class: usize, n: usize, rounds: usize) -> String {
    match class {
        0 => phone(n),
        1 => phone(2 * rounds + n),
        2 => phone(rounds + n),
        _ => "+0000000000".to_owned(),
    }
}

/// A response without the parts that differ in every response: status, headers, body and its
/// length.
#[derive(Debug, PartialEq)]
struct ResponseShape {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
    length: usize,
}

impl ResponseShape {
    async fn of(response: Response) -> Self {
        let status = response.status().as_u16();
        let headers = response.headers().iter();
        let headers = headers.map(|(name, it)| (name.to_string(), it.to_str().unwrap().to_owned()));
        let mut headers: BTreeMap<String, String> = headers.collect();
        let mut body = response.text().await.unwrap();
        assert_eq!(headers.remove("content-length"), Some(body.len().to_string()));
        for name in ["date", "x-request-id"] {
            let value = headers.get_mut(name).unwrap();
            *value = "x".repeat(value.len());
        }
        // Each process has an order of its own.
        let exposed = headers.get_mut("access-control-expose-headers").unwrap();
        let mut names: Vec<&str> = exposed.split(", ").collect();
        names.sort_unstable();
        *exposed = names.join(", ");

        let json: Value = serde_json::from_str(&body).unwrap();
        let mut length = body.len();
        for name in ["id", "request_id", "expires_at", "resend_after"] {
            if let Some(value) = json[name].as_str() {
                // Trailing zeros of a fraction of a second are not written.
                let zeros = if name.ends_with("id") { 0 } else { TIME.len() - value.len() };
                length += zeros;
                body = body.replace(value, &"x".repeat(value.len() + zeros));
            }
        }
        Self { status, headers, body, length }
    }
}

/// A round per number: a request of each class, all concurrently, in a changing order.
async fn measure(stack: &Stack, rounds: usize) -> [Vec<(ResponseShape, Duration)>; 4] {
    let mut measured = [const { Vec::new() }; 4];
    for n in 0..rounds {
        // There is only one temporary user, so its number is reset before every round.
        stack.reset_rate_limits().await;
        let order = (0..4).map(|place| (place + n * 7 / 4 + n) % 4);
        let calls = order.map(async |class| {
            let body = json!({ "phone": number(class, n, rounds) });
            let call = stack.request_to(n % 2, Method::POST, "/v1/auth/otp");
            let call = call.header("x-forwarded-for", new_address()).json(&body);
            let began = Instant::now();
            let response = call.send().await.unwrap();
            (class, response, began.elapsed())
        });
        for (class, response, took) in join_all(calls).await {
            measured[class].push((ResponseShape::of(response).await, took));
        }
    }
    measured
}

#[tokio::test]
async fn all_kinds_of_numbers_get_the_same_response_equally_fast() {
    let rounds = scale(60, 2_000);
    let stack = Stack::start_replicas(&[SERVE_WITH_WORKER, SERVE], MANY_CLIENTS).await;
    stack.create_users(2 * rounds).await;
    let deactivate =
        format!("update users set is_active = false where phone_number >= '{}'", phone(rounds));
    assert_eq!(stack.database.execute(&deactivate).await, u64::try_from(rounds).unwrap());

    // The same distribution differs this much once in a hundred times; three times in a row it does
    // not.
    for attempt in 1..=3 {
        stack.database.execute("delete from otp_codes").await;
        let measured = measure(&stack, rounds).await;
        let shape = &measured[0][0].0;
        assert_eq!(shape.status, 202, "{shape:?}");
        for (other, _) in measured.iter().flatten() {
            assert_eq!(other, shape);
        }
        let latencies =
            measured.map(|class| Latencies::of(class.into_iter().map(|(_, took)| took)));
        let [known, others @ ..] = &latencies;
        println!("A6: {}: {}", CLASSES[0], known.summary());
        let mut is_alike = true;
        for (class, other) in CLASSES[1..].iter().zip(others) {
            let p = known.ks_p(other);
            let apart = (known.quantile(0.5) - other.quantile(0.5)).abs();
            println!("A6: {class}: {}, KS p {p:.3}, medians {apart:.3} ms apart", other.summary());
            is_alike &= p > 0.01 && apart < 1.0;
        }
        // Wall-clock times are compared only if there are enough of them.
        if is_alike || !scale(false, true) {
            return;
        }
        println!("A6: attempt {attempt} differed");
    }
    panic!("the latencies of known numbers differ from others");
}

#[tokio::test]
async fn a_decoy_allows_five_attempts_like_a_code() {
    let n_guesses = scale(100, 10_000);
    let stack = Stack::start_replicas(&[SERVE_WITH_WORKER, SERVE], MANY_CLIENTS).await;
    stack.create_users(2).await;
    let deactivate =
        format!("update users set is_active = false where phone_number = '{}'", phone(1));
    stack.database.execute(&deactivate).await;
    for class in [1, 2, 3] {
        let asked = stack.request_code_at(0, &number(class, 0, 1)).await;
        let asked: Value = asked.json().await.unwrap();
        let challenge = asked["id"].as_str().unwrap();
        let statuses = each(0..n_guesses, AT_ONCE, async |n| {
            stack.redeem_code_at(n % 2, challenge, &format!("{n:06}")).await.status()
        });
        let statuses = statuses.await;
        assert_eq!(statuses, vec![StatusCode::UNAUTHORIZED; n_guesses], "{}", CLASSES[class]);
        let compared = format!("select attempts from otp_codes where id = '{challenge}'");
        let compared = stack.database.query_i64(&compared).await;
        println!("A6: decoy of the class {}: {compared} compared", CLASSES[class]);
        assert_eq!(compared, 5, "{}", CLASSES[class]);
    }
    // A refusal reveals nothing either: of a wrong code, of one too many, or of an expired one.
    let mut shapes = Vec::new();
    stack.reset_rate_limits().await;
    for class in 0..4 {
        let asked: Value =
            stack.request_code_at(0, &number(class, 0, 1)).await.json().await.unwrap();
        let challenge = asked["id"].as_str().unwrap().to_owned();
        let mut responses = Vec::new();
        for n in 0..6 {
            // Unlikely to be correct; the sixth attempt is refused anyway.
            responses.push(
                ResponseShape::of(stack.redeem_code_at(0, &challenge, &format!("00000{n}")).await)
                    .await,
            );
        }
        let over = "update otp_codes set expires_at = now() - interval '1 second'";
        stack.database.execute(over).await;
        responses
            .push(ResponseShape::of(stack.redeem_code_at(1, &challenge, "000000").await).await);
        shapes.push(responses);
    }
    for of_class in &shapes {
        assert_eq!(of_class, &shapes[0]);
    }
}

/// The state of a challenge, as any client that knows its id sees it.
async fn state(stack: &Stack, challenge: &str) -> (String, ResponseShape) {
    let call = stack.request_to(1, Method::GET, &format!("/v1/auth/otp/{challenge}"));
    let shape = ResponseShape::of(call.send().await.unwrap()).await;
    let json: Value = serde_json::from_str(&shape.body).unwrap();
    (json["state"].as_str().unwrap().to_owned(), shape)
}

#[tokio::test]
async fn delivery_looks_the_same_for_all_kinds_of_numbers() {
    let stack = Stack::start_replicas(&[SERVE_WITH_WORKER, SERVE], MANY_CLIENTS).await;
    stack.create_users(2).await;
    let deactivate =
        format!("update users set is_active = false where phone_number = '{}'", phone(1));
    stack.database.execute(&deactivate).await;
    for wanted in ["sent", "delivered"] {
        let mut last = Vec::new();
        for class in 0..4 {
            stack.reset_rate_limits().await;
            let asked: Value =
                stack.request_code_at(0, &number(class, 0, 1)).await.json().await.unwrap();
            let challenge = asked["id"].as_str().unwrap();
            let seen = &mut last;
            until("its way", async || {
                let (state, shape) = state(&stack, challenge).await;
                let is_there = state == wanted;
                assert!(is_there || ["queued", "sent"].contains(&state.as_str()), "{state}");
                if is_there {
                    seen.push(shape);
                } else if state == "sent" && class == 0 {
                    // The phone of a real user reports the delivery.
                    let arrive = "update outbox set delivered_at = now()
                                   where delivered_at is null and provider_message_id is not null";
                    stack.database.execute(arrive).await;
                }
                is_there
            })
            .await;
        }
        assert_eq!(last.len(), 4);
        for shape in &last {
            assert_eq!(shape, &last[0], "{wanted}");
        }
        // From here on decoys simulate the delivery of an earlier real code.
        let past =
            "update outbox set created_at = created_at - i, next_attempt_at = next_attempt_at - i,
                        lease_until = lease_until - i, sent_at = sent_at - i,
                        delivered_at = sent_at - i + interval '0.2 seconds'
                      from (select interval '2 minutes' as i) t
                     where provider_message_id is not null";
        stack.database.execute(past).await;
    }
}
