//! How often a code is sent, over several replicas that come and go.

use std::time::Duration;

use ignacio_devstack::scale;
use ignacio_domain::rate_limit::PER_NUMBER;
use reqwest::StatusCode;

use super::{MANY_CLIENTS, phone};
use crate::stack::{SERVE, SERVE_WITH_WORKER, Stack, until};

/// A request at this interval makes a thousand in 25 hours.
const ALL: Duration = Duration::from_secs(90);

/// Moves every counted request into the past by this much time.
async fn advance(stack: &Stack, time: Duration) {
    let seconds = time.as_secs();
    let shift = format!(
        "update rate_buckets set hits = array(
             select hit - interval '{seconds} seconds'
               from unnest(hits) with ordinality h (hit, n) order by n)"
    );
    stack.database.execute(&shift).await;
}

#[tokio::test]
async fn a_number_gets_ten_codes_a_day_over_all_replicas() {
    const REPLICAS: usize = 3;
    let (n_requests, restart_after) = scale((60, 20), (1_000, 100));
    let pause = ALL * scale(1_000 / 60, 1);
    let mut stack = Stack::start_replicas(&[SERVE_WITH_WORKER, SERVE, SERVE], MANY_CLIENTS).await;
    stack.create_users(1).await;
    // When each code was sent, by the moved clock.
    let (mut clock, mut sent) = (Duration::ZERO, Vec::new());
    for n in 0..n_requests {
        let response = stack.request_code_at(n % REPLICAS, &phone(0)).await;
        match response.status() {
            StatusCode::ACCEPTED => {
                sent.push(clock);
                let wanted = sent.len();
                until("the code", async || stack.whatsapp.sent().len() == wanted).await;
            }
            StatusCode::TOO_MANY_REQUESTS => {
                assert!(response.headers().contains_key("retry-after"));
            }
            other => panic!("{other}"),
        }
        advance(&stack, pause).await;
        clock += pause;
        if (n + 1) % restart_after == 0 {
            let replica = (n + 1) / restart_after % REPLICAS;
            stack.restart(replica, if replica == 0 { SERVE_WITH_WORKER } else { SERVE });
        }
    }
    assert_eq!(stack.whatsapp.sent().len(), sent.len());
    let most = |within: Duration| {
        let count = |from| sent.iter().filter(|it| (from..from + within).contains(*it)).count();
        sent.iter().map(|from| count(*from)).max().unwrap()
    };
    let counts = PER_NUMBER.map(|it| most(Duration::try_from(it.window).unwrap()));
    println!(
        "A7: {n_requests} requests in {} h: {} sent; at most {counts:?} in a minute, an hour, a day",
        clock.as_secs() / 3600,
        sent.len()
    );
    for (count, limit) in counts.iter().zip(PER_NUMBER) {
        assert!(*count <= usize::from(limit.max), "{count} within {}", limit.window);
    }
    // As many as are allowed are sent, or the limits would be tighter than promised.
    assert_eq!(counts[2], 10);
}

#[tokio::test]
async fn the_sixth_code_within_an_hour_is_refused_by_every_replica() {
    let stack = Stack::start_replicas(&[SERVE_WITH_WORKER, SERVE], MANY_CLIENTS).await;
    stack.create_users(1).await;
    for n in 0..5 {
        let response = stack.request_code_at(n % 2, &phone(0)).await;
        assert_eq!(response.status(), StatusCode::ACCEPTED, "{n}");
        let early = stack.request_code_at((n + 1) % 2, &phone(0)).await;
        assert_eq!(early.status(), StatusCode::TOO_MANY_REQUESTS, "{n}");
        advance(&stack, Duration::from_secs(61)).await;
    }
    for replica in 0..2 {
        let sixth = stack.request_code_at(replica, &phone(0)).await;
        assert_eq!(sixth.status(), StatusCode::TOO_MANY_REQUESTS);
        let header = |name: &str| sixth.headers()[name].to_str().unwrap();
        // An hour after the first of them, of which five minutes have passed.
        let wait: u64 = header("retry-after").parse().unwrap();
        assert!((3_200..=3_295).contains(&wait), "{wait}");
        assert_eq!(header("ratelimit"), format!("\"codes\";r=0;t={wait}"));
        let policy = header("ratelimit-policy");
        assert_eq!(policy, "\"codes\";q=1;w=60, \"codes\";q=5;w=3600, \"codes\";q=10;w=86400");
    }
    until("the codes", async || stack.whatsapp.outbox(&phone(0)).len() == 5).await;
    advance(&stack, Duration::from_secs(3_296)).await;
    let later = stack.request_code_at(1, &phone(0)).await;
    assert_eq!(later.status(), StatusCode::ACCEPTED);
}
