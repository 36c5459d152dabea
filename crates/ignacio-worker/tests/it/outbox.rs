//! Login codes and notices: generated when sent, sent once, given up in time.

use ignacio_domain::ids::OtpId;
use ignacio_domain::keys::{Key, KeyRing};
use ignacio_domain::locale::Locale;
use ignacio_domain::otp::{OtpCode, OtpDigest};
use ignacio_domain::ports::{NoticeKind, SendError};
use ignacio_persistence::CodeCheck;

use crate::crashes::{crash, crashes};
use crate::fakes::{send_misconfigured, send_transient, throttled, unreachable};
use crate::stack::{PEPPER, Stack};

/// The state of each row, in the order in which they were requested.
pub(crate) const OUTBOX: &str = "select state || ' ' || attempts || ' ' || coalesce(error, '-')
         || case when failed_at is not null then ' failed' else '' end
         || case when is_misconfigured then ' by us' else '' end
    from outbox order by created_at";

async fn digest(stack: &Stack, challenge: OtpId) -> OtpDigest {
    match stack.api.codes().check(challenge, None).await.unwrap() {
        CodeCheck::Open { digest: Some(digest), .. } => digest,
        other => panic!("no code is armed: {other:?}"),
    }
}

#[tokio::test]
async fn a_code_is_sent_once_and_works() {
    let stack = Stack::start().await;
    let (_, phone) = stack.add("Ana", "+573000000001").await;
    let challenge = stack.challenge(Some(&phone)).await;

    stack.drain().await;
    stack.drain().await;

    let [(to, code, locale)] = <[_; 1]>::try_from(stack.messenger.sent()).unwrap();
    assert_eq!((to, locale), (phone.clone(), Locale::Es));
    let digest = digest(&stack, challenge.id).await;
    let code = OtpCode::parse(&code).unwrap();
    let peppers = KeyRing::from(Key::from_bytes(PEPPER));
    assert!(code.matches(&digest, &peppers, challenge.id, &phone));
    assert_eq!(stack.column(OUTBOX).await, ["sent 1 -"]);
    assert_eq!(stack.column("select provider_message_id from outbox").await, ["wamid.1"]);
    let times = "select (o.sent_at is not null and c.sent_at is not null)::text
                   from outbox o join otp_codes c on c.id = o.otp_id";
    assert_eq!(stack.column(times).await, ["true"]);
}

#[tokio::test]
async fn a_transient_error_is_retried_with_a_new_code() {
    let stack = Stack::start().await;
    let (_, phone) = stack.add("Ana", "+573000000001").await;
    stack.challenge(Some(&phone)).await;
    stack.messenger.faults.fail("send_code", send_transient());
    stack.messenger.faults.fail("send_code", throttled(6));

    stack.drain().await;

    assert_eq!(stack.messenger.sent().len(), 1);
    assert_eq!(stack.column(OUTBOX).await, ["sent 3 -"]);
}

#[tokio::test]
async fn errors_end_as_the_table_says() {
    type Fault = fn() -> SendError;
    let table: [(&str, Fault, &str, usize); 5] = [
        ("transient errors", send_transient, "failed 4 unavailable failed by us", 4),
        ("throttled", || throttled(6), "failed 3 throttled failed by us", 3),
        (
            "a delay longer than any user waits",
            || throttled(31),
            "failed 1 throttled failed by us",
            1,
        ),
        ("a number that WhatsApp does not know", unreachable, "failed 1 131026 failed", 1),
        (
            "a template that is not there",
            || send_misconfigured("132001", false),
            "failed 1 132001 failed by us",
            1,
        ),
    ];
    let stack = Stack::start().await;
    let (_, phone) = stack.add("Ana", "+573000000001").await;
    for (what, fault, end, n_calls) in table {
        let n_before = stack.messenger.faults.count("send_code");
        stack.database.execute("delete from outbox").await;
        stack.challenge(Some(&phone)).await;
        (0..n_calls).for_each(|_| stack.messenger.faults.fail("send_code", fault()));

        stack.drain().await;

        assert_eq!(stack.column(OUTBOX).await, [end], "{what}");
        assert_eq!(stack.messenger.faults.count("send_code") - n_before, n_calls, "{what}");
        assert!(stack.messenger.sent().is_empty(), "{what}");
    }
}

#[tokio::test]
async fn a_code_is_given_up_after_half_a_minute() {
    let stack = Stack::start().await;
    let (_, phone) = stack.add("Ana", "+573000000001").await;
    stack.challenge(Some(&phone)).await;
    stack.database.execute("update outbox set created_at = now() - interval '30 seconds'").await;
    stack.messenger.faults.fail("send_code", send_transient());

    stack.drain().await;

    assert_eq!(stack.column(OUTBOX).await, ["failed 1 unavailable failed by us"]);
}

#[tokio::test]
async fn an_unreachable_number_is_marked_until_a_message_is_delivered() {
    let stack = Stack::start().await;
    let marked = "select (unreachable_at is not null)::text from users where name <> 'Ben'
                   and phone_number like '+57%'";
    let (_, phone) = stack.add("Ana", "+573000000001").await;
    stack.add("Ben", "+573000000002").await;
    stack.challenge(Some(&phone)).await;
    stack.messenger.faults.fail("send_code", unreachable());

    stack.drain().await;

    assert_eq!(stack.column(marked).await, ["true"]);
    let others = "select count(*) from users where unreachable_at is not null";
    assert_eq!(stack.database.query_i64(others).await, 1);
    let fault = "select (provider_outage is null)::text from login_monitor";
    assert_eq!(stack.column(fault).await, ["true"], "others get their codes");

    stack.challenge(Some(&phone)).await;
    stack.drain().await;
    assert_eq!(stack.messenger.sent().len(), 1);
    assert_eq!(stack.column(marked).await, ["true"], "that it was accepted says nothing");
}

#[tokio::test]
async fn nothing_is_sent_for_an_expired_challenge() {
    let stack = Stack::start().await;
    let (_, phone) = stack.add("Ana", "+573000000001").await;
    stack.challenge(Some(&phone)).await;
    stack.database.execute("update otp_codes set expires_at = now() - interval '1 second'").await;

    stack.drain().await;

    assert!(stack.messenger.sent().is_empty());
    assert_eq!(stack.column(OUTBOX).await, ["failed 1 challenge_over failed"]);
}

#[tokio::test]
async fn a_code_whose_worker_crashed_after_sending_is_sent_again() {
    let stack = Stack::start().await;
    let (_, phone) = stack.add("Ana", "+573000000001").await;
    let challenge = stack.challenge(Some(&phone)).await;
    let (crash, has_crashed) = crash();
    stack.messenger.faults.after("send_code", crash);

    crashes(&stack, has_crashed).await;
    stack.drain().await;

    let sent = stack.messenger.sent();
    assert_eq!(sent.len(), 2);
    let digest = digest(&stack, challenge.id).await;
    let peppers = KeyRing::from(Key::from_bytes(PEPPER));
    let matches =
        |code: &str| OtpCode::parse(code).unwrap().matches(&digest, &peppers, challenge.id, &phone);
    assert!(matches(&sent[1].1), "the second code works");
    assert!(sent[0].1 == sent[1].1 || !matches(&sent[0].1), "the first one is void");
}

#[tokio::test]
async fn a_corrupt_row_blocks_nothing() {
    let stack = Stack::start().await;
    let (_, phone) = stack.add("Ana", "+573000000001").await;
    let (_, other) = stack.add("Ben", "+573000000002").await;
    stack.challenge(Some(&phone)).await;
    stack.database.execute("update otp_codes set phone_number = '+0'").await;
    stack.challenge(Some(&other)).await;

    stack.drain().await;

    assert_eq!(stack.messenger.sent().len(), 1);
    assert_eq!(stack.column(OUTBOX).await, ["failed 1 corrupt failed", "sent 1 -"]);
}

#[tokio::test]
async fn a_stalled_send_holds_no_connection() {
    let stack = Stack::start().await;
    for n in 0..20 {
        let (_, phone) = stack.add("Beto", &format!("+5731000000{n:02}")).await;
        stack.challenge(Some(&phone)).await;
        stack.messenger.faults.before("send_code", std::future::pending());
    }
    let busy = "select count(*) from pg_stat_activity
                 where datname = current_database() and state <> 'idle'
                   and usename = 'ignacio_auth'";
    let worker = stack.worker().await;
    let checked = async {
        while stack.messenger.faults.count("send_code") < 20 {
            tokio::task::yield_now().await;
        }
        stack.database.query_i64(busy).await
    };
    tokio::select! {
        _ = worker.drain() => panic!("they stall"),
        n_busy = checked => assert_eq!(n_busy, 0),
    }
}

#[tokio::test]
async fn old_and_new_number_are_notified_of_the_change() {
    let stack = Stack::start().await;
    stack.add("Ana", "+573000000001").await;
    stack
        .database
        .execute("update users set phone_number = '+573000000009' where name = 'Ana'")
        .await;
    stack.messenger.faults.fail("send_notice", send_transient());

    stack.drain().await;

    let mut texts: Vec<_> = stack
        .messenger
        .notices()
        .into_iter()
        .map(|(to, notice, locale)| (to.expose().to_owned(), notice, locale))
        .collect();
    texts.sort_by(|a, b| a.0.cmp(&b.0));
    let of = |phone: &str| (phone.to_owned(), NoticeKind::PhoneChanged, Locale::Es);
    assert_eq!(texts, [of("+573000000001"), of("+573000000009")]);
    let mut rows = stack.column(OUTBOX).await;
    rows.sort();
    assert_eq!(rows, ["sent 1 -", "sent 2 -"]);
    assert!(stack.messenger.sent().is_empty());
}

#[tokio::test]
async fn a_former_number_does_not_mark_the_user() {
    let stack = Stack::start().await;
    stack.add("Ana", "+573000000001").await;
    stack
        .database
        .execute("update users set phone_number = '+573000000009' where name = 'Ana'")
        .await;
    stack.database.execute("delete from outbox where phone_number = '+573000000009'").await;
    stack.messenger.faults.fail("send_notice", unreachable());

    stack.drain().await;

    assert_eq!(stack.column(OUTBOX).await, ["failed 1 131026 failed"]);
    let marked = "select count(*) from users where unreachable_at is not null";
    assert_eq!(stack.database.query_i64(marked).await, 0);
}
