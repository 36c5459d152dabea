//! Trouble with sending delays no request and loses no code.

use std::collections::BTreeMap;
use std::ops::Range;

use ignacio_devstack::scale;
use reqwest::StatusCode;
use tokio::time::Instant;

use super::statistics::Latencies;
use super::{MANY_CLIENTS, each, phone};
use crate::stack::{SERVE, SERVE_WITH_WORKER, Stack, until};

#[tokio::test]
async fn codes_can_be_requested_while_the_messenger_hangs() {
    let n_logins = scale(40, 200);
    let stack = Stack::start_replicas(&[SERVE, SERVE_WITH_WORKER], MANY_CLIENTS).await;
    stack.create_users(n_logins + 1).await;
    stack.whatsapp.hang_next(100_000);

    let responses = each(0..n_logins, 20, async |n| {
        let began = Instant::now();
        (stack.request_code_at(n % 2, &phone(n)).await.status(), began.elapsed())
    });
    let responses = responses.await;
    assert!(responses.iter().all(|it| it.0 == StatusCode::ACCEPTED), "{responses:?}");
    until("the hanging calls", async || stack.whatsapp.calls().len() >= 32).await;

    // A transaction that is held across a call is older than the call.
    let now = stack.database.query_text("select clock_timestamp()").await;
    let held = format!(
        "select count(*) from pg_stat_activity
          where datname = current_database() and pid <> pg_backend_pid()
            and xact_start < '{now}'"
    );
    until("an end of every transaction", async || stack.database.query_i64(&held).await == 0).await;
    let busy = "select count(*) from pg_stat_activity
                 where datname = current_database() and usename = 'ignacio_auth'
                   and state <> 'idle'";
    let busy = stack.database.query_i64(busy).await;
    assert!(stack.whatsapp.calls().iter().all(|it| it.status.is_none()), "a call was answered");
    assert_eq!(stack.whatsapp.sent().len(), 0);
    let one_more = stack.request_code_at(0, &phone(n_logins)).await;
    assert_eq!(one_more.status(), StatusCode::ACCEPTED);
    let latencies = Latencies::of(responses.into_iter().map(|it| it.1));
    println!(
        "A13: {n_logins} logins while the messenger hangs: all 202, p99 {:.1} ms ({}), {busy} of \
         12 connections of the login busy",
        latencies.quantile(0.99),
        latencies.summary()
    );

    stack.whatsapp.clear_faults();
    let all = async || (0..=n_logins).all(|n| !stack.whatsapp.outbox(&phone(n)).is_empty());
    until("every code", all).await;
}

/// Requests codes, a few at a time, as on a busy day.
async fn ask(stack: &Stack, users: Range<usize>) {
    let asked = each(users, 4, async |n| stack.request_code_at(0, &phone(n)).await.status());
    assert!(asked.await.into_iter().all(|it| it == StatusCode::ACCEPTED));
}

#[tokio::test]
async fn a_killed_worker_loses_no_code() {
    let (n_codes, kill_after) = scale((20, 5), (1_000, 50));
    let mut stack = Stack::start_replicas(&[SERVE], MANY_CLIENTS).await;
    stack.create_users(n_codes).await;
    let queued = "select count(*) from outbox where state = 'queued'";
    let mut n_kills = 0;
    stack.start_worker();
    for first in (0..n_codes).step_by(kill_after) {
        let last = n_codes.min(first + kill_after);
        let begun = stack.whatsapp.calls().len() + kill_after / 4;
        ask(&stack, first..first.midpoint(last)).await;
        if last < n_codes {
            // Among them, or just after the last one.
            until("some codes", async || stack.whatsapp.calls().len() >= begun).await;
            stack.kill_last_process();
            n_kills += 1;
            // Its claimed rows are free after a minute.
            let leases = "update outbox set lease_until = now() - interval '1 second'
                           where state = 'queued' and lease_until > now()";
            stack.database.execute(leases).await;
            stack.start_worker();
        }
        ask(&stack, first.midpoint(last)..last).await;
        // So that each code meets at most one crash.
        until("the codes", async || stack.database.query_i64(queued).await == 0).await;
    }

    let mut counts = BTreeMap::new();
    for n in 0..n_codes {
        *counts.entry(stack.whatsapp.outbox(&phone(n)).len()).or_insert(0) += 1;
    }
    let n_sent = stack.whatsapp.sent().len();
    let mean =
        f64::from(u32::try_from(n_sent).unwrap()) / f64::from(u32::try_from(n_codes).unwrap());
    println!("A14: {n_codes} codes, {n_kills} kills: mean {mean:.3} sends, by sends {counts:?}");
    assert!(counts.keys().all(|it| [1, 2].contains(it)), "{counts:?}");
    let sent = "select count(*) from outbox where state = 'sent'";
    assert_eq!(stack.database.query_i64(sent).await, i64::try_from(n_codes).unwrap());
}
