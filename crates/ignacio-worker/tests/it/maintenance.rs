//! Maintenance: the login alarm and expired rows.

use metrics_exporter_prometheus::PrometheusBuilder;

use crate::fakes::send_misconfigured;
use crate::stack::Stack;

const ALARM: &str = "select coalesce((alarm_until > now() + interval '9 minutes')::text, '-')
    from login_monitor";

/// Adds `n` codes that were tried this often, with `more` columns set.
async fn codes(stack: &Stack, n: u32, attempts: u32, more: &str) {
    let (user, _) = stack.add("Ana", "+573000000001").await;
    let statement = format!(
        "insert into otp_codes (user_id, phone_number, attempts, expires_at, created_at)
         select '{user}', '+573000000001', {attempts}, now(), now() - interval '59 minutes'
           from generate_series(1, {n})"
    );
    stack.database.execute(&statement).await;
    if !more.is_empty() {
        stack.database.execute(&format!("update otp_codes set {more}")).await;
    }
}

#[tokio::test]
async fn many_failures_raise_the_alarm() {
    for (what, n, attempts, more, expected) in [
        ("as many as it takes", 40, 5, "", "true"),
        ("a large share", 25, 4, "", "true"),
        ("too few for a share", 33, 3, "", "-"),
        ("logins that succeed", 200, 1, "redeemed_at = now()", "-"),
        ("logins that succeed at the second try", 200, 2, "redeemed_at = now()", "true"),
        ("an hour ago", 100, 5, "created_at = now() - interval '61 minutes'", "-"),
        ("guesses at unknown numbers", 100, 5, "user_id = null", "-"),
    ] {
        let stack = Stack::start().await;
        codes(&stack, n, attempts, more).await;
        stack.drain().await;
        assert_eq!(stack.column(ALARM).await, [expected], "{what}");
        let checked = "select count(*) from login_monitor where checked_at is not null";
        assert_eq!(stack.database.query_i64(checked).await, 1);
    }
}

#[tokio::test]
async fn an_alarm_lasts_after_the_last_failure_and_ends() {
    let stack = Stack::start().await;
    codes(&stack, 40, 5, "").await;
    stack.drain().await;
    stack.database.execute("delete from otp_codes").await;
    let before = stack.column("select alarm_until::text from login_monitor").await;
    stack.drain().await;
    assert_eq!(stack.column("select alarm_until::text from login_monitor").await, before);
}

#[tokio::test]
async fn the_metrics_show_outages_and_alarms() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let shows = |line: &str| metrics.render().lines().any(|it| it == line);
    let stack = Stack::start().await;
    let (_, phone) = stack.add("Ana", "+573000000001").await;
    stack.messenger.faults.fail("send_code", send_misconfigured("190", true));
    stack.challenge(Some(&phone)).await;
    codes(&stack, 40, 5, "").await;

    stack.drain().await;

    for line in [
        "codes_sent_total{outcome=\"misconfigured\"} 1",
        "login_alarm 1",
        "login_failures_last_hour 200",
        "login_provider_outage 1",
        "login_provider_outage_critical 1",
    ] {
        assert!(shows(line), "{line} in {}", metrics.render());
    }

    stack
        .database
        .execute(
            "update login_monitor set alarm_until = now(),
                 provider_outage_at = provider_outage_at - interval '60 seconds'",
        )
        .await;
    stack.database.execute("update otp_codes set created_at = now() - interval '2 hours'").await;
    stack.challenge(Some(&phone)).await;
    stack.drain().await;

    for line in [
        "codes_sent_total{outcome=\"sent\"} 1",
        "login_alarm 0",
        "login_failures_last_hour 0",
        "login_provider_outage 0",
        "login_provider_outage_critical 0",
    ] {
        assert!(shows(line), "{line} in {}", metrics.render());
    }
}

#[tokio::test]
async fn rows_are_deleted_when_they_have_expired_and_not_before() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let user = ana.id;
    stack.drain().await;
    let tables = [
        ("otp_codes", "expires_at", "24 hours"),
        ("user_sessions", "expires_at", "7 days"),
        ("rate_buckets", "updated_at", "25 hours"),
        ("login_failures", "updated_at", "400 days"),
        ("known_devices", "expires_at", "0 hours"),
        ("outbox", "created_at", "30 days"),
        ("webhook_inbox", "created_at", "30 days"),
    ];
    for (table, column, time) in tables {
        let insert = match table {
            "otp_codes" => "(phone_number, expires_at) values ('+0', now())".to_owned(),
            "user_sessions" => format!(
                "(user_id, token_hash, expires_at, idle_expires_at)
                 values ('{user}', sha256(gen_random_uuid()::text::bytea), now(), now())"
            ),
            "rate_buckets" | "login_failures" => "(id) values (gen_random_uuid())".to_owned(),
            "known_devices" => format!(
                "(user_id, token_hash, expires_at)
                 values ('{user}', sha256(gen_random_uuid()::text::bytea), now())"
            ),
            "outbox" => format!(
                "(kind, user_id, phone_number, state)
                 values ('new_device', '{user}', '+573000000001', 'sent')"
            ),
            _ => "(digest) values (sha256(gen_random_uuid()::text::bytea))".to_owned(),
        };
        stack.database.execute(&format!("delete from {table}")).await;
        // One that expired a minute ago, and one that has a minute left. Triggers are disabled,
        // because they would set `updated_at`.
        let age = format!(
            "with numbered as (select id, row_number() over () as n from {table})
             update {table} t
                set {column} = now() - interval '{time}' + (n * 2 - 3) * interval '1 minute'
               from numbered where t.id = numbered.id"
        );
        for statement in [
            format!("insert into {table} {insert}"),
            format!("insert into {table} {insert}"),
            format!("alter table {table} disable trigger user"),
            age,
            format!("alter table {table} enable trigger user"),
        ] {
            stack.database.execute(&statement).await;
        }
        let count = format!("select count(*) from {table}");
        assert_eq!(stack.database.query_i64(&count).await, 2, "{table}");

        stack.drain().await;

        assert_eq!(stack.database.query_i64(&count).await, 1, "{table}");
        let kept =
            format!("select count(*) from {table} where {column} > now() - interval '{time}'");
        assert_eq!(stack.database.query_i64(&kept).await, 1, "{table}");
    }
}

#[tokio::test]
async fn more_than_a_batch_is_deleted_at_once_with_its_outbox_rows() {
    let stack = Stack::start().await;
    let old = "with code as (
             insert into otp_codes (phone_number, expires_at)
             select '+0', now() - interval '2 days' from generate_series(1, 2500) returning id)
         insert into outbox (otp_id, state) select id, 'sent' from code";
    assert_eq!(stack.database.execute(old).await, 2_500);

    stack.drain().await;

    assert_eq!(stack.database.query_i64("select count(*) from otp_codes").await, 0);
    assert_eq!(stack.database.query_i64("select count(*) from outbox").await, 0);
}

#[tokio::test]
async fn two_workers_may_delete_expired_rows_at_once() {
    let stack = Stack::start().await;
    let old = "insert into otp_codes (phone_number, expires_at)
               select '+0', now() - interval '2 days' from generate_series(1, 4000)";
    stack.database.execute(old).await;
    let (one, other) = (stack.worker().await, stack.worker().await);

    let (one, other) = tokio::join!(one.drain(), other.drain());

    one.unwrap();
    other.unwrap();
    let left = stack.database.query_i64("select count(*) from otp_codes").await;
    stack.drain().await;
    assert!(left < 4_000, "some were deleted: {left} are left");
    assert_eq!(stack.database.query_i64("select count(*) from otp_codes").await, 0);
}
