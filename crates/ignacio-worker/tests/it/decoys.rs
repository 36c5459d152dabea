//! Decoys: codes for numbers without a user look like real ones.

use std::collections::BTreeSet;

use ignacio_domain::delivery::DeliveryStatus;
use ignacio_domain::phone::PhoneNumber;

use crate::stack::Stack;

/// When decoys were sent after they were claimed, and delivered after that, in tenths of a second:
/// each differs by up to 0.04 s from the code that it simulates.
const TIMINGS: &str = "select (extract(epoch from o.sent_at - o.updated_at) * 10)::int || ' '
         || coalesce(((extract(epoch from o.delivered_at - o.sent_at) * 10)::int)::text, '-')
    from outbox o join otp_codes c on c.id = o.otp_id
   where c.user_id is null order by o.created_at";

/// Codes that were sent after 100, 200, … ms and delivered a second later, except every third.
async fn real_codes(stack: &Stack, n: u32) {
    let (user, _) = stack.add("Ana", "+573000000001").await;
    let statement = format!(
        "with code as (
             insert into otp_codes (user_id, phone_number, expires_at, created_at)
             select '{user}', '+573000000001', now(), now() - interval '10 minutes'
               from generate_series(1, {n}) returning id, created_at),
         numbered as (select *, row_number() over () as n from code)
         insert into outbox (otp_id, state, attempts, provider_message_id, created_at,
             next_attempt_at, lease_until, sent_at, delivered_at)
         select id, 'sent', 1, 'wamid.' || n, created_at, created_at,
                created_at + interval '60.5 seconds',
                created_at + interval '0.5 seconds' + n * interval '0.1 seconds',
                case when n % 3 > 0
                     then created_at + interval '1.5 seconds' + n * interval '0.1 seconds' end
           from numbered"
    );
    assert_eq!(stack.database.execute(&statement).await, u64::from(n));
}

fn unknown(n: u32) -> PhoneNumber {
    PhoneNumber::parse(&format!("+5732000000{n:02}")).unwrap()
}

#[tokio::test]
async fn no_code_is_sent_for_a_decoy() {
    let stack = Stack::start().await;
    let (_, phone) = stack.add("Ana", "+573000000001").await;
    stack.database.execute("update users set is_active = false").await;
    let inactive = stack.challenge(Some(&phone)).await;
    let impossible = stack.challenge(None).await;
    let state = async |id| stack.api.codes().delivery(id).await.unwrap().unwrap().0;
    assert_eq!(state(inactive.id).await, DeliveryStatus::Queued);

    stack.drain().await;

    assert_eq!(stack.messenger.faults.count("send_code"), 0);
    assert_eq!(stack.column(TIMINGS).await, ["4 -", "4 -"], "no code to simulate yet");
    stack.database.execute("update outbox set sent_at = sent_at - interval '1 second'").await;
    assert_eq!(state(inactive.id).await, DeliveryStatus::Sent);
    assert_eq!(state(impossible.id).await, DeliveryStatus::Sent);
}

#[tokio::test]
async fn decoys_have_the_timings_of_codes() {
    let stack = Stack::start().await;
    real_codes(&stack, 9).await;
    for n in 0..40 {
        stack.challenge(Some(&unknown(n))).await;
    }
    stack.drain().await;

    let texts = stack.column(TIMINGS).await;
    let timings: BTreeSet<String> = (1..=9)
        .map(|n| match n % 3 {
            0 => format!("{n} -"),
            _ => format!("{n} 10"),
        })
        .collect();
    let different: BTreeSet<String> = texts.iter().cloned().collect();
    assert!(different.is_subset(&timings), "{different:?}");
    assert!(different.len() > 4, "numbers differ: {different:?}");

    // A number keeps its timing, even if there are other codes.
    for n in 0..40 {
        stack.challenge(Some(&unknown(n))).await;
    }
    stack.drain().await;
    assert_eq!(stack.column(TIMINGS).await[40..], texts);
}

#[tokio::test]
async fn only_recently_sent_codes_are_simulated() {
    let stack = Stack::start().await;
    real_codes(&stack, 3).await;
    for (what, change) in [
        ("long ago", "update outbox set sent_at = sent_at - interval '1 day'"),
        ("perhaps not delivered yet", "update outbox set sent_at = now() - interval '50 seconds'"),
        ("a decoy", "update outbox set provider_message_id = null"),
    ] {
        stack.database.execute("update outbox set sent_at = now() - interval '5 minutes'").await;
        stack.database.execute(change).await;
        stack.challenge(None).await;
        stack.drain().await;
        assert_eq!(stack.column(TIMINGS).await.last().unwrap(), "4 -", "{what}");
    }
}

#[tokio::test]
async fn a_retried_code_is_simulated_with_its_delays() {
    let stack = Stack::start().await;
    real_codes(&stack, 1).await;
    // Attempted immediately and again 1.5 s later, and sent 0.1 s after that.
    stack
        .database
        .execute(
            "update outbox set next_attempt_at = created_at + interval '1.5 seconds',
                 lease_until = created_at + interval '61.5 seconds',
                 sent_at = created_at + interval '1.6 seconds', delivered_at = null",
        )
        .await;
    stack.challenge(None).await;
    stack.drain().await;
    assert_eq!(stack.column(TIMINGS).await, ["16 -"]);
}

#[tokio::test]
async fn decoys_delay_no_code() {
    let stack = Stack::start().await;
    let flood = "with code as (
             insert into otp_codes (phone_number, expires_at)
             select '+0', now() + interval '5 minutes' from generate_series(1, 1500) returning id)
         insert into outbox (otp_id, created_at, next_attempt_at)
         select id, now() - interval '1 second', now() - interval '1 second' from code";
    assert_eq!(stack.database.execute(flood).await, 1_500);
    let (_, phone) = stack.add("Ana", "+573000000001").await;
    stack.challenge(Some(&phone)).await;
    let worker = stack.worker_with(|it| it.outbox_concurrency = 1).await;
    stack.messenger.faults.before("send_code", std::future::pending());

    let called = async {
        while stack.messenger.faults.count("send_code") == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        _ = worker.drain() => panic!("it stalls"),
        () = called => {}
    }

    let done = "select count(*) from outbox where state = 'sent'";
    assert_eq!(stack.database.query_i64(done).await, 1_000, "in one go, before the first code");
}
