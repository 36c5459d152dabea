//! Delivery reports have the same result in any order and any number of times (promises G2 and G3),
//! and none is lost because it came early.

use ignacio_devstack::scale;
use ignacio_domain::delivery::{
    DeliveryFailure, DeliveryFault, DeliveryReport, DeliveryStatus, WebhookContent,
};
use ignacio_domain::phone::PhoneNumber;
use metrics_exporter_prometheus::PrometheusBuilder;
use sha2::{Digest as _, Sha256};
use time::{Duration, OffsetDateTime};

use crate::stack::Stack;

/// Parses the webhooks of these tests: a report per line, as message, status, age in seconds (or
/// seconds since 1970), and for `failed` the code; a line `odd` is no report.
pub(crate) fn read(body: &[u8], now: OffsetDateTime) -> WebhookContent {
    let mut content = WebhookContent::default();
    for line in std::str::from_utf8(body).unwrap().lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let [message_id, status, seconds, ..] = words[..] else {
            assert_ne!(line, "panic", "as planned");
            content.parse_error = Some("odd_report");
            continue;
        };
        let (status, failure) = match status {
            "sent" => (DeliveryStatus::Sent, None),
            "delivered" => (DeliveryStatus::Delivered, None),
            "read" => (DeliveryStatus::Read, None),
            _ => {
                let code = words[3].to_owned();
                let is_number = code == "131026";
                let fault = if is_number {
                    DeliveryFault::Unreachable
                } else {
                    DeliveryFault::Misconfigured
                };
                (DeliveryStatus::Failed, Some(DeliveryFailure { code, fault }))
            }
        };
        let seconds = seconds.parse().unwrap();
        let at = match OffsetDateTime::from_unix_timestamp(seconds).unwrap() {
            at if seconds > 1_000_000 => at,
            _ => now - Duration::seconds(seconds),
        };
        let message_id = message_id.to_owned();
        content.reports.push(DeliveryReport { message_id, status, failure, at });
    }
    content
}

const STATE: &str = "select concat_ws(' ', case when sent_at is not null then 'sent' end,
         case when delivered_at is not null then 'delivered' end,
         case when read_at is not null then 'read' end,
         case when failed_at is not null then 'failed' end, error)
    from outbox where otp_id is not null order by created_at";
const INBOX: &str =
    "select concat_ws(' ', case when processed_at is null then 'waits' else 'done' end,
         case when body is null then 'emptied' else 'kept' end, error)
    from webhook_inbox order by created_at";
const UNREACHABLE: &str = "select (unreachable_at is not null)::text from users
    where phone_number = '+573000000001'";

impl Stack {
    /// Ana has requested a code, which was sent with the id `wamid.1`.
    async fn with_a_code() -> (Self, PhoneNumber) {
        let stack = Self::start().await;
        let (_, phone) = stack.add("Ana", "+573000000001").await;
        stack.challenge(Some(&phone)).await;
        stack.drain().await;
        let ago = "update outbox set created_at = now() - interval '1 hour',
                          sent_at = now() - interval '1 hour'";
        stack.database.execute(ago).await;
        (stack, phone)
    }

    /// Another code for the same user, which was sent with this id.
    async fn another_code(&self, phone: &PhoneNumber, message: &str) {
        self.database.execute("delete from rate_buckets").await;
        self.challenge(Some(phone)).await;
        self.drain().await;
        let rename = format!(
            "update outbox set provider_message_id = '{message}', sent_at = now() - interval '1 hour',
                    created_at = now() - interval '59 minutes'
              where created_at = (select max(created_at) from outbox where kind = 'code')"
        );
        assert_eq!(self.database.execute(&rename).await, 1);
    }

    /// What the API does with a webhook; true when it is new.
    async fn receives(&self, body: &str) -> bool {
        let digest = Sha256::digest(body).into();
        self.api.inbox().store(digest, body.as_bytes()).await.unwrap()
    }

    async fn takes(&self, body: &str) {
        assert!(self.receives(body).await, "{body} is new");
        self.drain().await;
    }

    /// Makes everything in the inbox older.
    async fn ages(&self, by: &str) {
        let age = format!(
            "set session_replication_role = replica;
             update webhook_inbox set created_at = created_at - interval '{by}',
                    updated_at = updated_at - interval '{by}';
             set session_replication_role = origin"
        );
        self.database.execute(&age).await;
    }
}

#[tokio::test]
async fn a_report_is_recorded_and_its_bytes_are_deleted() {
    let (stack, _) = Stack::with_a_code().await;

    stack.takes("wamid.1 sent 20\nwamid.1 delivered 15").await;

    assert_eq!(stack.column(STATE).await, ["sent delivered"]);
    assert_eq!(stack.column(INBOX).await, ["done emptied"]);
    let seconds = "select round(extract(epoch from now() - delivered_at))::text from outbox";
    let n_seconds: i64 = stack.column(seconds).await[0].parse().unwrap();
    assert!((15..120).contains(&n_seconds), "{n_seconds}");
}

#[tokio::test]
async fn a_failure_is_kept_with_its_code_and_counted() {
    let (stack, _) = Stack::with_a_code().await;
    let recorder = PrometheusBuilder::new().build_recorder();
    let counted = metrics::set_default_local_recorder(&recorder);

    stack.takes("wamid.1 failed 10 131026").await;
    stack.takes("wamid.1 failed 9 131026").await;
    drop(counted);

    assert_eq!(stack.column(STATE).await, ["sent failed 131026"]);
    assert_eq!(stack.column(UNREACHABLE).await, ["true"]);
    let shown = recorder.handle().render();
    assert!(shown.contains("codes_delivered_total{outcome=\"failed\"} 1\n"), "{shown}");
    assert!(shown.contains("webhooks_read_total{outcome=\"done\"} 2\n"), "{shown}");
}

#[tokio::test]
async fn each_delivery_is_counted_once_and_timed() {
    let (stack, _) = Stack::with_a_code().await;
    let recorder = PrometheusBuilder::new().build_recorder();
    let counted = metrics::set_default_local_recorder(&recorder);

    // A message that was read was delivered.
    for body in
        ["wamid.1 read 10", "wamid.1 delivered 20", "wamid.1 delivered 19", "wamid.1 sent 1"]
    {
        stack.takes(body).await;
    }
    drop(counted);

    let shown = recorder.handle().render();
    assert!(shown.contains("codes_delivered_total{outcome=\"delivered\"} 1\n"), "{shown}");
    assert!(shown.contains("codes_delivered_total{outcome=\"read\"} 1\n"), "{shown}");
    assert!(shown.contains("code_delivery_seconds_count 1\n"), "{shown}");
}

#[tokio::test]
async fn a_fault_of_the_service_says_nothing_about_the_number() {
    let (stack, _) = Stack::with_a_code().await;

    stack.takes("wamid.1 failed 10 131042").await;

    assert_eq!(stack.column(STATE).await, ["sent failed 131042"]);
    assert_eq!(stack.column(UNREACHABLE).await, ["false"]);
}

#[tokio::test]
async fn a_delivered_message_shows_that_the_number_is_reachable() {
    for report in ["wamid.1 delivered 5", "wamid.1 read 5"] {
        let (stack, _) = Stack::with_a_code().await;
        stack.database.execute("update users set unreachable_at = now() - interval '1 min'").await;
        stack.takes(report).await;
        assert_eq!(stack.column(UNREACHABLE).await, ["false"], "{report}");
    }
    // One that was delivered before does not.
    let (stack, _) = Stack::with_a_code().await;
    stack.database.execute("update users set unreachable_at = now() - interval '1 min'").await;
    stack.takes("wamid.1 delivered 300").await;
    assert_eq!(stack.column(UNREACHABLE).await, ["true"]);
}

#[tokio::test]
async fn a_report_about_an_earlier_number_says_nothing_about_the_current_one() {
    let (stack, _) = Stack::with_a_code().await;
    let change = "update users set phone_number = '+573000000002'
                  where phone_number = '+573000000001'";
    stack.database.execute(change).await;

    stack.takes("wamid.1 failed 10 131026").await;

    assert_eq!(stack.column(&UNREACHABLE.replace("01'", "02'")).await, ["false"]);
}

/// All orders of a list.
fn orders<T: Clone>(of: &[T]) -> Vec<Vec<T>> {
    if of.len() < 2 {
        return vec![of.to_vec()];
    }
    let mut all = Vec::new();
    for place in 0..of.len() {
        let mut rest = of.to_vec();
        let first = rest.remove(place);
        all.extend(orders(&rest).into_iter().map(|mut it| {
            it.insert(0, first.clone());
            it
        }));
    }
    all
}

#[tokio::test]
async fn the_order_makes_no_difference() {
    let (stack, phone) = Stack::with_a_code().await;
    stack.another_code(&phone, "wamid.B").await;
    let cases: [(&[&str], [&str; 2], &str); 6] = [
        (
            &["wamid.1 sent 90", "wamid.1 delivered 80", "wamid.1 read 70"],
            ["sent delivered read", "sent"],
            "false",
        ),
        // Failed and delivered, whichever is later: it was delivered.
        (
            &["wamid.1 failed 90 131026", "wamid.1 delivered 80", "wamid.1 sent 95"],
            ["sent delivered failed", "sent"],
            "false",
        ),
        (
            &["wamid.1 failed 70 131026", "wamid.1 delivered 80", "wamid.1 read 75"],
            ["sent delivered read failed", "sent"],
            "false",
        ),
        // Of two failures the first gives the reason.
        (
            &["wamid.1 failed 90 131042", "wamid.1 failed 80 131026", "wamid.1 sent 95"],
            ["sent failed 131042", "sent"],
            "true",
        ),
        // A later message was delivered, or a later one was not.
        (
            &["wamid.1 failed 90 131026", "wamid.B delivered 80", "wamid.B read 75"],
            ["sent failed 131026", "sent delivered read"],
            "false",
        ),
        (
            &["wamid.1 failed 60 131026", "wamid.B delivered 80", "wamid.1 sent 95"],
            ["sent failed 131026", "sent delivered"],
            "true",
        ),
    ];
    for (reports, states, is_unreachable) in cases {
        for order in orders(reports) {
            let forget = "update outbox set delivered_at = null, read_at = null, failed_at = null,
                                 error = null;
                          update users set unreachable_at = null; delete from webhook_inbox";
            stack.database.execute(forget).await;
            for report in &order {
                stack.takes(report).await;
            }
            assert_eq!(stack.column(STATE).await, states, "{order:?}");
            assert_eq!(stack.column(UNREACHABLE).await, [is_unreachable], "{order:?}");
        }
    }
}

#[tokio::test]
async fn a_report_that_overtakes_the_response_waits_for_it() {
    let (stack, _) = Stack::with_a_code().await;
    let rename = |id: &str| format!("update outbox set provider_message_id = '{id}'");
    stack.database.execute(&rename("wamid.0")).await;
    stack.takes("wamid.1 delivered 5").await;
    assert_eq!(stack.column(INBOX).await, ["waits kept unknown_message"]);
    stack.database.execute(&rename("wamid.1")).await;

    // After five minutes it is retried after another five.
    let looked_at = "set session_replication_role = replica;
                     update webhook_inbox set created_at = now() - interval '5 minutes',
                            updated_at = now();
                     set session_replication_role = origin";
    stack.database.execute(looked_at).await;
    stack.drain().await;
    assert_eq!(stack.column(STATE).await, ["sent"]);
    stack.ages("301 seconds").await;
    stack.drain().await;

    assert_eq!(stack.column(STATE).await, ["sent delivered"]);
    assert_eq!(stack.column(INBOX).await, ["done emptied"]);
}

#[tokio::test]
async fn a_report_about_an_unknown_message_is_dropped_after_ten_minutes() {
    let (stack, _) = Stack::with_a_code().await;
    stack.takes("wamid.foreign read 5\nwamid.1 delivered 5").await;
    assert_eq!(stack.column(STATE).await, ["sent delivered"], "the rest counts at once");
    stack.ages("9 minutes").await;
    stack.drain().await;
    assert_eq!(stack.column(INBOX).await, ["waits kept unknown_message"]);

    stack.ages("2 minutes").await;
    let again = "set session_replication_role = replica;
                 update webhook_inbox set updated_at = created_at;
                 set session_replication_role = origin";
    stack.database.execute(again).await;
    stack.drain().await;

    assert_eq!(stack.column(INBOX).await, ["done emptied unknown_message"]);
}

#[tokio::test]
async fn an_unreadable_webhook_is_kept_and_blocks_nothing() {
    let (stack, _) = Stack::with_a_code().await;
    for body in ["panic", "odd\nwamid.1 delivered 5", "wamid.1 read 4"] {
        assert!(stack.receives(body).await);
    }

    stack.drain().await;

    assert_eq!(stack.column(STATE).await, ["sent delivered read"]);
    let ends = ["done kept panic", "done kept odd_report", "done emptied"];
    assert_eq!(stack.column(INBOX).await, ends);
}

#[tokio::test]
async fn a_repeated_webhook_is_stored_once() {
    let (stack, _) = Stack::with_a_code().await;
    stack.takes("wamid.1 delivered 5").await;
    assert!(!stack.receives("wamid.1 delivered 5").await);
    stack.drain().await;
    assert_eq!(stack.column(INBOX).await, ["done emptied"]);
}

#[tokio::test]
async fn two_workers_share_the_inbox() {
    let (stack, _) = Stack::with_a_code().await;
    for number in 0..100 {
        assert!(stack.receives(&format!("wamid.1 delivered {number}")).await);
    }
    let (one, other) = (stack.worker().await, stack.worker().await);

    let (first, second) = tokio::join!(one.drain(), other.drain());

    first.and(second).unwrap();
    stack.drain().await;
    let left = "select count(*)::text from webhook_inbox where processed_at is null";
    assert_eq!(stack.column(left).await, ["0"]);
    assert_eq!(stack.column(STATE).await, ["sent delivered"]);
}

/// The same numbers in every run (Knuth's MMIX generator).
fn random_below(seed: &mut u64, sides: usize) -> usize {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*seed >> 33).unwrap() % sides
}

/// About three reports per message, one per status.
fn events(n_messages: usize, seed: &mut u64) -> Vec<String> {
    let mut events = Vec::new();
    for message in 0..n_messages {
        for status in ["sent", "delivered", "read", "failed"] {
            if random_below(seed, 4) > 0 {
                let at = 1_767_225_700 + random_below(seed, 100_000);
                let code = ["131026", "131042", "131000"][random_below(seed, 3)];
                events.push(format!("wamid.{message} {status} {at} {code}"));
            }
        }
    }
    events
}

/// What is recorded after webhooks with these reports, about messages to five users.
async fn outcome(events: &[String], n_messages: usize, seed: &mut u64) -> [Vec<String>; 2] {
    let stack = Stack::start().await;
    for digit in 1..=5 {
        stack.add("Beto", &format!("+57300000000{digit}")).await;
    }
    let make = format!(
        "insert into otp_codes (id, user_id, phone_number, expires_at)
         select md5(n::text)::uuid, u.id, u.phone_number, now() + interval '1 day'
           from generate_series(0, {n_messages} - 1) n
           join users u on u.phone_number = '+57300000000' || (1 + n % 5);
         insert into outbox (otp_id, state, provider_message_id, sent_at, created_at)
         select md5(n::text)::uuid, 'sent', 'wamid.' || n, '2026-01-01', '2026-01-01'
           from generate_series(0, {n_messages} - 1) n"
    );
    stack.database.execute(&make).await;
    let mut rest = events;
    while !rest.is_empty() {
        let (body, later) = rest.split_at(rest.len().min(1 + random_below(seed, 20)));
        stack.receives(&body.join("\n")).await;
        rest = later;
    }
    stack.drain().await;
    let left = "select count(*)::text from webhook_inbox where processed_at is null";
    assert_eq!(stack.column(left).await, ["0"]);
    let messages = "select concat_ws(' ', provider_message_id, sent_at, 'd', delivered_at, 'r',
            read_at, 'f', failed_at, error) from outbox order by provider_message_id";
    let users = "select concat_ws(' ', phone_number, unreachable_at) from users order by 1";
    [stack.column(messages).await, stack.column(users).await]
}

#[tokio::test]
async fn five_repeats_in_random_order_count_once() {
    let n_messages = scale(250, 3_400);
    let mut seed = 7;
    let once = events(n_messages, &mut seed);
    let mut often: Vec<String> = (0..5).flat_map(|_| once.clone()).collect();
    for place in (1..often.len()).rev() {
        often.swap(place, random_below(&mut seed, place + 1));
    }
    println!("{} events, {} reports", once.len(), often.len());

    let expected = outcome(&once, n_messages, &mut seed).await;
    assert_eq!(outcome(&often, n_messages, &mut seed).await, expected);
    assert!(expected[0].iter().any(|it| it.ends_with("131026")));
}
