//! Step-ups of a session: requests, limits, effects.

use serde_json::json;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::stack::Stack;
use crate::users::{CODE, User};

/// When this session last stepped up.
async fn verified_at(stack: &Stack, user: &User) -> String {
    let read = format!("select verified_at::text from user_sessions where id = '{}'", user.session);
    stack.database.query_text(&read).await
}

async fn n_sessions(stack: &Stack) -> i64 {
    stack.database.query_i64("select count(*) from user_sessions").await
}

/// How many step-ups of this session the audit log has.
async fn n_verified(stack: &Stack, user: &User) -> i64 {
    let noted = format!(
        "select count(*) from audit_events
          where action = 'session.verified' and target_id = '{0}' and actor_id = '{1}'
            and subject_id = '{1}'",
        user.session, user.id
    );
    stack.database.query_i64(&noted).await
}

#[tokio::test]
async fn a_step_up_lasts_ten_minutes() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    stack.age_step_up(&ana, "1 hour").await;
    let (n_before, n_noted) = (n_sessions(&stack).await, n_verified(&stack, &ana).await);
    let challenge = stack.step_up_challenge(&ana).await;

    let verified = ana.verify_step_up(&challenge, "123 456").await.ok(200);

    assert_eq!((&verified["id"], &verified["is_current"]), (&json!(ana.session), &json!(true)));
    let read = "select (verified_at + interval '10 minutes')::text from user_sessions";
    let stored = stack.database.query_text(read).await;
    let until = verified["verified_until"].as_str().unwrap();
    let same = format!("select ('{until}'::timestamptz = '{stored}'::timestamptz)::int");
    assert_eq!(stack.database.query_i64(&same).await, 1, "{until} and {stored}");
    let recent = "select (verified_at > now() - interval '1 minute')::int from user_sessions";
    assert_eq!(stack.database.query_i64(recent).await, 1);
    let listed = ana.get("/v1/sessions").send().await.ok(200);
    assert_eq!(listed["data"][0]["verified_until"], until);
    assert_eq!(n_sessions(&stack).await, n_before, "it opens none");
    assert_eq!(n_verified(&stack, &ana).await, n_noted + 1);
    // A code is valid once.
    ana.verify_step_up(&challenge, CODE).await.problem(401, "code-invalid");
}

#[tokio::test]
async fn a_login_counts_as_a_step_up() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let listed = ana.get("/v1/sessions").send().await.ok(200);
    let time = |it: &str| {
        OffsetDateTime::parse(listed["data"][0][it].as_str().unwrap(), &Rfc3339).unwrap()
    };
    assert_eq!(time("verified_until"), time("created_at") + Duration::minutes(10));
}

#[tokio::test]
async fn a_challenge_is_valid_for_its_own_purpose_only() {
    let stack = Stack::start().await;
    let (ana, ben) = (stack.participant("Ana").await, stack.participant("Ben").await);
    let laptop = stack.log_in(&ana.phone).await;
    for user in [&ana, &ben, &laptop] {
        stack.age_step_up(user, "1 hour").await;
    }
    let login = stack.challenge(&ana.phone).await;
    stack.set_code(&login, &ana.phone).await;
    let fresh = stack.step_up_challenge(&ana).await;
    let before = (n_sessions(&stack).await, verified_at(&stack, &ana).await);

    // A step-up code opens no session; a login code or another user's challenge is no step-up.
    let body = json!({ "otp_id": fresh, "code": CODE });
    let opened = stack.client.post("/v1/auth/sessions").json(&body).send().await;
    opened.problem(401, "code-invalid");
    for (user, challenge) in [(&ana, &login), (&ben, &fresh), (&laptop, &fresh)] {
        let untouched = verified_at(&stack, user).await;
        user.verify_step_up(challenge, CODE).await.problem(401, "code-invalid");
        assert_eq!(verified_at(&stack, user).await, untouched);
    }
    assert_eq!((n_sessions(&stack).await, verified_at(&stack, &ana).await), before);
    // Nor do these use up any tries.
    let tries = "select sum(attempts) from otp_codes where used_at is null";
    assert_eq!(stack.database.query_i64(tries).await, 0);
    let shown = stack.client.get(format!("/v1/auth/otp/{fresh}")).send().await;
    shown.problem(404, "not-found");

    ana.verify_step_up(&fresh, CODE).await.ok(200);
    let body = json!({ "otp_id": login, "code": CODE });
    stack.client.post("/v1/auth/sessions").json(&body).send().await.ok(201);
}

#[tokio::test]
async fn the_sixth_guess_fails_even_if_it_is_right() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    stack.age_step_up(&ana, "1 hour").await;
    let before = verified_at(&stack, &ana).await;
    let challenge = stack.step_up_challenge(&ana).await;
    for _ in 0..5 {
        ana.verify_step_up(&challenge, "654321").await.problem(401, "code-invalid");
    }
    ana.verify_step_up(&challenge, CODE).await.problem(401, "code-invalid");
    assert_eq!(verified_at(&stack, &ana).await, before);
    let tries = format!("select attempts from otp_codes where id = '{challenge}'");
    assert_eq!(stack.database.query_i64(&tries).await, 5);
    // The session continues, and another code is accepted.
    stack.step_up(&ana).await;
}

#[tokio::test]
async fn an_expired_code_is_refused() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let challenge = stack.step_up_challenge(&ana).await;
    stack.database.execute("update otp_codes set expires_at = now() - interval '1 second'").await;
    ana.verify_step_up(&challenge, CODE).await.problem(410, "code-expired");
    for (body, place, rule) in [
        (json!({ "otp_id": challenge, "code": "12345" }), "/code", "code"),
        (json!({ "otp_id": challenge }), "/code", "required"),
        (json!({ "otp_id": "x", "code": CODE }), "/otp_id", "uuid"),
    ] {
        let refused = ana.post("/v1/sessions/current/step-up").json(&body).send().await;
        assert_eq!(refused.invalid(), (place.to_owned(), rule.to_owned()), "{body}");
    }
}

#[tokio::test]
async fn each_session_has_its_own_rate_limit_and_shares_the_address_limit() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let (laptop, tablet) = (stack.log_in(&ana.phone).await, stack.log_in(&ana.phone).await);
    stack.database.execute("delete from rate_buckets").await;
    let ask = |user: &User| user.post("/v1/sessions/current/otp").send();

    ask(&ana).await.ok(202);
    let again = ask(&ana).await;
    assert!(!again.header("retry-after").is_empty());
    again.problem(429, "too-many-requests");
    ask(&laptop).await.ok(202);
    // The number's own rate limit is unaffected: strangers and sessions do not block each other.
    let login = json!({ "phone": ana.phone });
    stack.client.post("/v1/auth/otp").json(&login).send().await.ok(202);

    for n in 0..7 {
        let other = json!({ "phone": format!("+57300111000{n}") });
        stack.client.post("/v1/auth/otp").json(&other).send().await.ok(202);
    }
    ask(&tablet).await.problem(429, "too-many-requests");
    stack.database.execute("delete from rate_buckets").await;
    ask(&tablet).await.ok(202);
}

#[tokio::test]
async fn a_session_with_too_many_failures_is_locked_out_alone() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let laptop = stack.log_in(&ana.phone).await;
    let challenge = stack.step_up_challenge(&ana).await;
    let failed = format!(
        "update login_failures set failures = 19 where id = '{0}';
         insert into login_failures (id, failures) values ('{0}', 19) on conflict do nothing",
        ana.session
    );
    stack.database.execute(&failed).await;

    ana.verify_step_up(&challenge, "654321").await.problem(401, "code-invalid");
    ana.verify_step_up(&challenge, CODE).await.problem(429, "login-paused");
    stack.database.execute("delete from rate_buckets").await;
    let asked = ana.post("/v1/sessions/current/otp").send().await;
    asked.problem(429, "login-paused");

    stack.step_up(&laptop).await;
    stack.log_in(&ana.phone).await;
}
