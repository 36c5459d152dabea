//! During a provider outage no worker sends; after a while one code is tried.

use ignacio_domain::delivery::DeliveryStatus;
use ignacio_domain::phone::PhoneNumber;
use ignacio_worker::SYSTEM_CLOCK;

use crate::fakes::send_misconfigured;
use crate::outbox::OUTBOX;
use crate::stack::Stack;

const FAULT: &str = "select coalesce(provider_outage, '-') from login_monitor";

async fn add_users(stack: &Stack, n: usize) -> Vec<PhoneNumber> {
    let mut phones = Vec::new();
    for n in 0..n {
        phones.push(stack.add("Beto", &format!("+5731000000{n:02}")).await.1);
    }
    phones
}

/// Moves the last attempt into the past.
async fn advance(stack: &Stack, seconds: u32) {
    let statement = format!(
        "update login_monitor set provider_outage_at = provider_outage_at - interval '{seconds} seconds'"
    );
    stack.database.execute(&statement).await;
}

#[tokio::test]
async fn an_outage_stops_all_codes_until_one_gets_through() {
    let stack = Stack::start().await;
    let phones = add_users(&stack, 6).await;
    let n_calls = || stack.messenger.faults.count("send_code");

    stack.messenger.faults.fail("send_code", send_misconfigured("132001", false));
    stack.challenge(Some(&phones[0])).await;
    stack.drain().await;
    assert_eq!(stack.column(FAULT).await, ["132001"]);

    let asked = stack.challenge(Some(&phones[1])).await;
    stack.drain().await;
    assert_eq!(n_calls(), 1, "another worker does not try");
    let delivery = stack.api.codes().delivery(asked.id).await.unwrap().unwrap().0;
    assert_eq!(delivery, DeliveryStatus::Failed);

    // One is attempted again, and fails again.
    advance(&stack, 30).await;
    stack.messenger.faults.fail("send_code", send_misconfigured("132001", false));
    stack.challenge(Some(&phones[2])).await;
    stack.challenge(Some(&phones[3])).await;
    stack.drain().await;
    assert_eq!(n_calls(), 2);

    // Another one gets through.
    advance(&stack, 30).await;
    stack.challenge(Some(&phones[4])).await;
    stack.drain().await;
    assert_eq!((n_calls(), stack.messenger.sent().len()), (3, 1));
    assert_eq!(stack.column(FAULT).await, ["-"]);
    stack.challenge(Some(&phones[5])).await;
    stack.drain().await;
    assert_eq!(stack.messenger.sent().len(), 2);

    let failed = "failed 1 132001 failed by us";
    let sent = "sent 1 -";
    assert_eq!(stack.column(OUTBOX).await, [failed, failed, failed, failed, sent, sent]);
}

#[tokio::test]
async fn a_wrong_key_is_tried_once_a_minute() {
    let stack = Stack::start().await;
    let phones = add_users(&stack, 3).await;
    stack.messenger.faults.fail("send_code", send_misconfigured("190", true));
    stack.challenge(Some(&phones[0])).await;
    stack.drain().await;
    assert_eq!(stack.column(FAULT).await, ["critical:190"]);

    advance(&stack, 50).await;
    stack.challenge(Some(&phones[1])).await;
    stack.drain().await;
    assert_eq!(stack.messenger.faults.count("send_code"), 1);

    advance(&stack, 10).await;
    stack.challenge(Some(&phones[2])).await;
    stack.drain().await;
    assert_eq!(stack.messenger.sent().len(), 1);
    assert_eq!(stack.column(FAULT).await, ["-"]);
}

#[tokio::test]
async fn decoys_fail_when_codes_do() {
    let stack = Stack::start().await;
    let phones = add_users(&stack, 1).await;
    stack.messenger.faults.fail("send_code", send_misconfigured("190", true));
    stack.challenge(Some(&phones[0])).await;
    stack.drain().await;

    let decoy = stack.challenge(None).await;
    stack.drain().await;

    let delivery = stack.api.codes().delivery(decoy.id).await.unwrap().unwrap().0;
    assert_eq!(delivery, DeliveryStatus::Failed);
    assert_eq!(stack.messenger.faults.count("send_code"), 1);
}

#[tokio::test]
async fn a_notices_template_stops_no_codes() {
    let stack = Stack::start().await;
    let phones = add_users(&stack, 1).await;
    enqueue_notice(&stack).await;
    stack.messenger.faults.fail("send_notice", send_misconfigured("132001", false));
    stack.drain().await;
    assert_eq!(stack.column(OUTBOX).await, ["failed 1 132001 failed by us"]);
    assert_eq!(stack.column(FAULT).await, ["-"]);

    // Nor does the template of codes stop a notice.
    stack.messenger.faults.fail("send_code", send_misconfigured("132001", false));
    stack.challenge(Some(&phones[0])).await;
    stack.drain().await;
    enqueue_notice(&stack).await;
    stack.drain().await;
    assert_eq!(stack.messenger.notices().len(), 1);
    assert_eq!(stack.column(FAULT).await, ["132001"], "a notice says nothing about codes");
}

#[tokio::test]
async fn a_notice_waits_until_a_wrong_key_is_replaced() {
    let stack = Stack::start().await;
    let phones = add_users(&stack, 1).await;
    let worker = stack.worker_with(|it| it.clock = SYSTEM_CLOCK).await;
    enqueue_notice(&stack).await;
    stack.messenger.faults.fail("send_notice", send_misconfigured("190", true));
    worker.drain().await.unwrap();
    assert_eq!(stack.column(FAULT).await, ["critical:190"]);
    let due = "update outbox set next_attempt_at = now() where state = 'queued'";
    assert_eq!(stack.database.execute(due).await, 1);
    worker.drain().await.unwrap();
    assert_eq!(stack.messenger.faults.count("send_notice"), 1, "the outage is known");

    advance(&stack, 60).await;
    stack.challenge(Some(&phones[0])).await;
    worker.drain().await.unwrap();
    assert_eq!(stack.database.execute(due).await, 1);
    worker.drain().await.unwrap();
    assert_eq!((stack.messenger.sent().len(), stack.messenger.notices().len()), (1, 1));
}

/// Enqueues one notice.
async fn enqueue_notice(stack: &Stack) {
    let number = stack.database.query_i64("select count(*) from outbox").await;
    let statement = format!(
        "insert into outbox (kind, user_id, phone_number)
         select 'phone_changed', id, '+57320000000{number}' from users where name = 'Beto'
          order by id limit 1"
    );
    assert_eq!(stack.database.execute(&statement).await, 1);
}
