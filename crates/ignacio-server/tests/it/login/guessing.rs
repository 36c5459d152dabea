//! A code allows five attempts and opens one session, however many try concurrently.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use ignacio_devstack::scale;
use ignacio_domain::otp::MAX_TRIES;
use reqwest::StatusCode;

use super::{AT_ONCE, Login, MANY_CLIENTS, each, phone};
use crate::stack::{SERVE, SERVE_WITH_WORKER, Stack};

/// The n-th code that is not the correct one.
fn wrong(right: &str, n: usize) -> String {
    let right: usize = right.parse().unwrap();
    format!("{:06}", (right + 1 + n) % 1_000_000)
}

#[tokio::test]
async fn thousands_of_concurrent_guesses_get_five_attempts() {
    let n_guesses = scale(400, 10_000);
    let stack = Stack::start_replicas(&[SERVE_WITH_WORKER, SERVE], MANY_CLIENTS).await;
    stack.create_users(1).await;
    let login = stack.send_codes(2, vec![phone(0)]).await.remove(0);

    let responses = each(0..n_guesses, AT_ONCE, async |n| {
        let guess = wrong(&login.code, n);
        stack.redeem_code_at(n % 2, &login.challenge, &guess).await.status()
    });
    let mut statuses = BTreeMap::new();
    for status in responses.await {
        *statuses.entry(status.as_u16()).or_insert(0) += 1;
    }
    let compared = stack.database.query_i64("select attempts from otp_codes").await;
    println!("A1: {n_guesses} guesses, {compared} compared, answers {statuses:?}");
    assert_eq!(compared, i64::from(MAX_TRIES));
    assert_eq!(statuses, BTreeMap::from([(401, n_guesses)]));
    let counted = "select max(failures) from login_failures";
    assert_eq!(stack.database.query_i64(counted).await, i64::from(MAX_TRIES));

    for replica in 0..2 {
        let late = stack.redeem_code_at(replica, &login.challenge, &login.code).await;
        assert_eq!(late.status(), StatusCode::UNAUTHORIZED, "the right one, too late");
    }
    assert_eq!(stack.database.query_i64("select count(*) from user_sessions").await, 0);
    assert_eq!(stack.database.query_i64("select attempts from otp_codes").await, compared);
}

#[tokio::test]
async fn a_correct_code_opens_one_session_in_concurrent_attempts() {
    const SUBMISSIONS: usize = 32;
    let n_codes = scale(15, 1_000);
    let stack = Stack::start_replicas(&[SERVE_WITH_WORKER, SERVE], MANY_CLIENTS).await;
    stack.create_users(n_codes).await;
    let logins = stack.send_codes(2, (0..n_codes).map(phone).collect()).await;
    // This many take longer than a code is valid.
    stack.database.execute("update otp_codes set expires_at = now() + interval '1 hour'").await;
    let (mut n_opened, mut n_refused) = (0, 0);
    for login in &logins {
        let statuses = submit(&stack, login, SUBMISSIONS).await;
        let opened = statuses.iter().filter(|it| **it == StatusCode::CREATED).count();
        let refused = statuses.iter().filter(|it| **it == StatusCode::UNAUTHORIZED).count();
        assert_eq!((opened, refused), (1, SUBMISSIONS - 1), "{statuses:?}");
        (n_opened, n_refused) = (n_opened + opened, n_refused + refused);
    }
    let sessions = stack.database.query_i64("select count(*) from user_sessions").await;
    println!("A2: {n_codes} codes x {SUBMISSIONS}: {sessions} sessions, {n_refused} refusals");
    assert_eq!((n_opened, sessions), (n_codes, i64::try_from(n_codes).unwrap()));
    let users = "select count(distinct user_id) from user_sessions";
    assert_eq!(stack.database.query_i64(users).await, sessions);
}

/// The same login this many times concurrently, on both replicas.
async fn submit(stack: &Stack, login: &Login, times: usize) -> Vec<StatusCode> {
    let calls = (0..times).map(|n| stack.redeem_code_at(n % 2, &login.challenge, &login.code));
    join_all(calls).await.into_iter().map(|it| it.status()).collect()
}
