//! How long a session lives, to the second, and what using it writes.

use ignacio_devstack::scale;
use ignacio_domain::phone::PhoneNumber;
use ignacio_domain::session::SessionDigest;
use ignacio_domain::user::Role;
use ignacio_persistence::StoreError;

use crate::support::Stack;

/// Whether a session is live; only a definite refusal counts as no.
async fn is_live(stack: &Stack, session: &SessionDigest) -> bool {
    match stack.api.verify_session(session).await {
        Ok(_) => true,
        Err(StoreError::Unauthenticated) => false,
        Err(other) => panic!("{other}"),
    }
}

/// Lets time pass for the session, up to this long after the time in a column.
async fn pass_until(stack: &Stack, column: &str, after: &str) {
    let pass = format!(
        "update user_sessions s
            set created_at = created_at - i, last_used_at = last_used_at - i,
                expires_at = expires_at - i, idle_expires_at = idle_expires_at - i
           from (select {column} - clock_timestamp() + interval '{after}' as i from user_sessions) t"
    );
    assert_eq!(stack.database.execute(&pass).await, 1);
}

#[tokio::test]
async fn sessions_end_to_the_second_when_they_are_old_or_idle() {
    for (role, absolute, idle) in
        [(Role::Participant, "30 days", "7 days"), (Role::Admin, "12 hours", "30 minutes")]
    {
        for (column, limit) in [("expires_at", absolute), ("idle_expires_at", idle)] {
            let stack = Stack::start().await;
            let phone = PhoneNumber::parse("+573001110002").unwrap();
            stack.add_user(&phone, role).await;
            let session = stack.log_in(&phone).await;
            let exact = format!(
                "select ({column} = created_at + interval '{limit}')::int from user_sessions"
            );
            assert_eq!(stack.database.query_i64(&exact).await, 1, "{role:?} {column}");

            // Used a moment ago, so that only one limit is near.
            if column == "expires_at" {
                let used =
                    "update user_sessions set idle_expires_at = expires_at + interval '1 day'";
                stack.database.execute(used).await;
            }
            let mut was_live = false;
            for _ in 0..20 {
                pass_until(&stack, column, "-1 second").await;
                // Nothing is written that would move the end.
                stack.database.execute("update user_sessions set last_used_at = now()").await;
                was_live = is_live(&stack, &session).await;
                let is_over =
                    format!("select ({column} <= clock_timestamp())::int from user_sessions");
                let is_over = stack.database.query_i64(&is_over).await == 1;
                assert!(was_live || is_over, "{role:?} is refused a second before {column}");
                if was_live {
                    break;
                }
            }
            assert!(was_live, "this machine takes a second for a statement");
            pass_until(&stack, column, "1 second").await;
            assert!(
                !is_live(&stack, &session).await,
                "{role:?} is accepted a second after {column}"
            );
        }
    }
}

#[tokio::test]
async fn use_extends_only_the_idle_limit() {
    for (role, idle) in [(Role::Participant, "7 days"), (Role::Admin, "30 minutes")] {
        let stack = Stack::start().await;
        let phone = PhoneNumber::parse("+573001110002").unwrap();
        stack.add_user(&phone, role).await;
        let session = stack.log_in(&phone).await;
        let end = "select extract(epoch from expires_at)::text from user_sessions";
        let before = stack.database.query_text(end).await;
        let idle_for = "update user_sessions set last_used_at = now() - interval '6 minutes',
                            idle_expires_at = now() + interval '1 minute'";
        stack.database.execute(idle_for).await;
        assert!(is_live(&stack, &session).await);
        let put_off = format!(
            "select (idle_expires_at = last_used_at + interval '{idle}'
                     and last_used_at > now() - interval '1 minute')::int from user_sessions"
        );
        assert_eq!(stack.database.query_i64(&put_off).await, 1, "{role:?}");
        assert_eq!(stack.database.query_text(end).await, before);
    }
}

#[tokio::test]
async fn ten_thousand_requests_within_five_minutes_write_once() {
    let n_requests = scale(600, 10_000);
    let stack = Stack::start().await;
    let ana = stack.user("+573001110002").await;
    // Counts all writes to the session, from any role.
    stack
        .database
        .execute(
            "create sequence n_touches;
             create function n_touch() returns trigger language plpgsql security definer as
                 $$ begin perform nextval('public.n_touches'); return null; end $$;
             create trigger n_touch after update on user_sessions
                 for each row execute function n_touch();
             update user_sessions set last_used_at = now() - interval '6 minutes';
             select setval('n_touches', 1, false)",
        )
        .await;
    let touches = "select case when is_called then last_value else 0 end from n_touches";
    assert_eq!(stack.database.query_i64(touches).await, 0);
    for _ in 0..n_requests / 4 {
        let requests = (0..4).map(|_| is_live(&stack, &ana.digest));
        assert!(futures_util::future::join_all(requests).await.into_iter().all(|it| it));
    }
    let count = stack.database.query_i64(touches).await;
    println!("B4: {n_requests} requests, {count} writes of the session");
    assert_eq!(count, 1);

    // From here on the session was used recently.
    stack.database.execute("select setval('n_touches', 1, false)").await;
    for _ in 0..n_requests / 4 {
        assert!(is_live(&stack, &ana.digest).await);
    }
    assert_eq!(stack.database.query_i64(touches).await, 0);
}
