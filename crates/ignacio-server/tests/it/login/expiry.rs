//! A code's five minutes are measured by the database, whatever a server's clock says.

use std::path::Path;

use ignacio_devstack::scale;
use reqwest::StatusCode;

use super::{AT_ONCE, Login, each};
use crate::stack::{SERVE, Stack};

/// Where Debian and others put the library that changes a process's clock.
const FAKETIME: [&str; 3] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib/faketime/libfaketime.so.1",
];

#[tokio::test]
async fn a_code_expires_by_the_clock_of_the_database() {
    let (stack, clocks) = replicas_of_other_times().await;
    let n_each = scale(20, 1_000);
    stack.create_users(2 * n_each).await;
    let logins = stack.create_sent_codes(2 * n_each, 2 * n_each).await;
    let (over, live) = logins.split_at(n_each);

    let refused = each(over.iter().enumerate(), AT_ONCE, async |(n, login)| {
        end_in(&stack, login, "-1 second").await;
        stack.redeem_code_at(n % 2, &login.challenge, &login.code).await.status()
    });
    let refused = refused.await;
    assert_eq!(refused, vec![StatusCode::GONE; n_each]);

    let mut n_late = 0;
    // Few at a time: the response must come within the remaining second.
    for late in each(live.iter().enumerate(), 8, |(n, it)| taken(&stack, n % 2, it)).await {
        n_late += late;
    }
    let sessions = stack.database.query_i64("select count(*) from user_sessions").await;
    println!(
        "A3: {clocks}: 1 s after the end {n_each} refused, 1 s before it {sessions} taken \
         ({n_late} were answered too late and done again)"
    );
    assert_eq!(sessions, i64::try_from(n_each).unwrap());
    let in_time = "select count(*) from otp_codes where redeemed_at < expires_at";
    assert_eq!(stack.database.query_i64(in_time).await, sessions);
}

/// A server that is an hour ahead and one that is an hour behind, if the library is installed.
async fn replicas_of_other_times() -> (Stack, &'static str) {
    let Some(library) = FAKETIME.into_iter().find(|it| Path::new(it).exists()) else {
        println!("A3: no libfaketime on this machine: the servers' clocks are right");
        return (Stack::start_replicas(&[SERVE, SERVE], &[]).await, "clocks not skewed");
    };
    let skewed = [("LD_PRELOAD", library), ("FAKETIME_DONT_FAKE_MONOTONIC", "1")];
    let mut stack = Stack::start_replicas(&[], &skewed).await;
    for skew in ["+1h", "-1h"] {
        stack.set_variables(&[("FAKETIME", skew)]);
        stack.start_replica(SERVE);
    }
    (stack, "clocks skewed by +1 h and -1 h")
}

/// Moves the end of a code to this long from now.
async fn end_in(stack: &Stack, login: &Login, from_now: &str) {
    let challenge = &login.challenge;
    let end = format!(
        "update otp_codes set expires_at = clock_timestamp() + interval '{from_now}'
          where id = '{challenge}'"
    );
    assert_eq!(stack.database.execute(&end).await, 1);
}

/// Logs in within the last second of a code. A machine that is too busy may try again, but only if
/// the second was really over; returns the number of attempts.
async fn taken(stack: &Stack, replica: usize, login: &Login) -> usize {
    for n_late in 0..20 {
        end_in(stack, login, "1 second").await;
        let status = stack.redeem_code_at(replica, &login.challenge, &login.code).await.status();
        if status == StatusCode::CREATED {
            return n_late;
        }
        let challenge = &login.challenge;
        let is_over = format!(
            "select (expires_at <= clock_timestamp())::int from otp_codes where id = '{challenge}'"
        );
        assert_eq!(stack.database.query_i64(&is_over).await, 1, "{status} before the end");
    }
    panic!("this machine takes seconds for a login");
}
