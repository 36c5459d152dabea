//! One-time codes: made when sent, sent once, given up in time.

use ignacio_domain::keys::Key;
use ignacio_domain::otp::OtpCode;
use ignacio_domain::person::Locale;
use ignacio_persistence::Attempt;

use crate::fakes::{misconfigured, rejected, transient, transient_for};
use crate::stack::{PEPPER, Stack};

const OUTBOX: &str = "select state || ' ' || attempts || ' ' || coalesce(error, '-') from outbox";

#[tokio::test]
async fn a_code_is_sent_once_and_works() {
    let stack = Stack::start().await;
    let (_, phone) = stack.add("Ana", "+573000000001").await;
    let challenge = stack.api.codes().challenge(Some(&phone)).await.unwrap();

    stack.drain().await;
    stack.drain().await;

    let [(to, code, locale)] = <[_; 1]>::try_from(stack.otp_sender.sent()).unwrap();
    assert_eq!((to, locale), (phone.clone(), Locale::Es));
    let Attempt::Open { digest: Some(digest), .. } =
        stack.api.codes().attempt(challenge.id).await.unwrap()
    else {
        panic!("the code is armed")
    };
    let code = OtpCode::parse(&code).unwrap();
    assert!(code.matches(&digest, &Key::from_bytes(PEPPER), challenge.id, &phone));
    assert_eq!(stack.column(OUTBOX).await, ["sent 1 -"]);
    assert_eq!(stack.column("select provider_message_id from outbox").await, ["wamid.1"]);
}

#[tokio::test]
async fn nobody_gets_no_code() {
    let stack = Stack::start().await;
    let (_, phone) = stack.add("Ana", "+573000000001").await;
    stack.database.execute("update users set is_active = false").await;
    stack.api.codes().challenge(Some(&phone)).await.unwrap();
    stack.api.codes().challenge(None).await.unwrap();

    stack.drain().await;

    assert!(stack.otp_sender.sent().is_empty());
}

#[tokio::test]
async fn a_passing_fault_is_tried_again_with_a_fresh_code() {
    let stack = Stack::start().await;
    let (_, phone) = stack.add("Ana", "+573000000001").await;
    stack.api.codes().challenge(Some(&phone)).await.unwrap();
    stack.otp_sender.faults.fail("send", transient());
    stack.otp_sender.faults.fail("send", transient_for(6));

    stack.drain().await;

    assert_eq!(stack.otp_sender.sent().len(), 1);
    assert_eq!(stack.column(OUTBOX).await, ["sent 3 -"]);
}

#[tokio::test]
async fn faults_end_as_the_table_says() {
    type Faults = fn(&Stack);
    let table: [(&str, Faults, &str, usize); 4] = [
        (
            "four passing faults",
            |stack| (0..4).for_each(|_| stack.otp_sender.faults.fail("send", transient())),
            "failed 4 unavailable",
            4,
        ),
        (
            "a pause longer than anybody waits",
            |stack| stack.otp_sender.faults.fail("send", transient_for(31)),
            "failed 1 unavailable",
            1,
        ),
        (
            "a number that WhatsApp does not know",
            |stack| stack.otp_sender.faults.fail("send", rejected("131026")),
            "failed 1 131026",
            1,
        ),
        (
            "a wrong key of ours",
            |stack| stack.otp_sender.faults.fail("send", misconfigured()),
            "failed 1 invalid_api_key",
            1,
        ),
    ];
    let stack = Stack::start().await;
    let (_, phone) = stack.add("Ana", "+573000000001").await;
    for (what, fault, end, n_calls) in table {
        let n_before = stack.otp_sender.faults.count("send");
        stack.database.execute("delete from outbox").await;
        stack.api.codes().challenge(Some(&phone)).await.unwrap();
        fault(&stack);

        stack.drain().await;

        assert_eq!(stack.column(OUTBOX).await, [end], "{what}");
        assert_eq!(stack.otp_sender.faults.count("send") - n_before, n_calls, "{what}");
        assert!(stack.otp_sender.sent().is_empty(), "{what}");
    }
}

#[tokio::test]
async fn nothing_is_sent_for_a_challenge_that_is_over() {
    let stack = Stack::start().await;
    let (_, phone) = stack.add("Ana", "+573000000001").await;
    stack.api.codes().challenge(Some(&phone)).await.unwrap();
    stack.database.execute("update otp_codes set expires_at = now() - interval '1 second'").await;

    stack.drain().await;

    assert!(stack.otp_sender.sent().is_empty());
    assert_eq!(stack.column(OUTBOX).await, ["failed 1 challenge_over"]);
}

#[tokio::test]
async fn a_worker_that_dies_after_sending_leaves_a_code_that_is_sent_again() {
    let stack = Stack::start().await;
    let (_, phone) = stack.add("Ana", "+573000000001").await;
    let challenge = stack.api.codes().challenge(Some(&phone)).await.unwrap();
    let (died, dead) = tokio::sync::oneshot::channel();
    stack.otp_sender.faults.after("send", async {
        died.send(()).unwrap();
        std::future::pending::<()>().await;
    });
    let worker = stack.worker().await;
    tokio::select! {
        _ = worker.drain() => panic!("it dies before"),
        _ = dead => {}
    }

    stack.expire_leases().await;
    stack.drain().await;

    let sent = stack.otp_sender.sent();
    assert_eq!(sent.len(), 2);
    let Attempt::Open { digest: Some(digest), .. } =
        stack.api.codes().attempt(challenge.id).await.unwrap()
    else {
        panic!("a code is armed")
    };
    let matches = |code: &str| {
        let code = OtpCode::parse(code).unwrap();
        code.matches(&digest, &Key::from_bytes(PEPPER), challenge.id, &phone)
    };
    assert!(matches(&sent[1].1), "the second code works");
    assert!(sent[0].1 == sent[1].1 || !matches(&sent[0].1), "the first one is void");
}
