//! Helping users to log in: the delivery state of their codes, and ending a lockout.

use ignacio_domain::rate_limit::RateLimitKey;
use serde_json::{Value, json};

use super::user_path;
use crate::operation::MISSING_ID;
use crate::stack::{RATE_LIMIT_KEY, Stack};
use crate::users::{CODE, User};

async fn actions(stack: &Stack, of: &User) -> String {
    let read = format!(
        "select coalesce(string_agg(action || ' ' || (detail->>'n_rows'), ', ' order by seq), '')
           from audit_events where subject_id = '{}' and actor_id <> subject_id",
        of.id
    );
    stack.database.query_text(&read).await
}

async fn codes(admin: &User, of: &User) -> Vec<Value> {
    let listed = admin.get(format!("{}/codes", user_path(of))).send().await.ok(200);
    assert_eq!(listed["next_cursor"], Value::Null);
    listed["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn admins_see_the_delivery_state_of_codes() {
    let stack = Stack::start().await;
    let (ana, eva) = (stack.participant("Ana").await, stack.admin("Eva").await);
    let (ben, mut challenges) = (stack.participant("Ben").await, Vec::new());
    for _ in 0..6 {
        stack.database.execute("delete from rate_buckets").await;
        let asked = stack.client.post("/v1/auth/otp").json(&json!({ "phone": ana.phone }));
        challenges.push(asked.send().await.ok(202)["id"].as_str().unwrap().to_owned());
    }
    let states = [
        ("state = 'sent', sent_at = now()", "sent", json!(null)),
        ("state = 'sent', sent_at = now(), delivered_at = now()", "delivered", json!(null)),
        ("state = 'sent', read_at = now(), delivered_at = now()", "read", json!(null)),
        ("state = 'sent', failed_at = now(), error = '131026'", "failed", json!("131026")),
        ("state = 'failed', error = 'expired'", "failed", json!("expired")),
        ("error = '131056'", "queued", json!("131056")),
    ];
    for ((change, ..), challenge) in states.iter().zip(&challenges) {
        let change = format!("update outbox set {change} where otp_id = '{challenge}'");
        assert_eq!(stack.database.execute(&change).await, 1);
    }
    let wrong = json!({ "otp_id": challenges[1], "code": "654321" });
    stack.client.post("/v1/auth/sessions").json(&wrong).send().await;

    let seen = codes(&eva, &ana).await;

    // The newest first; the oldest is the one that she logged in with.
    assert_eq!(seen.len(), 7);
    assert_eq!((&seen[6]["used"], &seen[6]["tries"]), (&json!(true), &json!(1)));
    for (index, (change, state, reason)) in states.iter().enumerate() {
        let code = &seen[5 - index];
        assert_eq!(code["id"], challenges[index].as_str());
        assert_eq!((&code["state"], &code["reason"]), (&json!(state), reason), "{change}");
        assert_eq!(code["delivered_at"].is_string(), change.contains("delivered_at"));
        assert_eq!(code["sent_at"].is_string(), change.contains("sent_at"));
        assert_eq!(code["used"], false);
        assert_eq!(code["tries"], i32::from(index == 1));
    }
    assert_eq!(actions(&stack, &ana).await, "codes.listed 7");
    assert_eq!(codes(&eva, &ben).await.len(), 1);
    eva.get(format!("/v1/admin/users/{MISSING_ID}/codes")).send().await.problem(404, "not-found");
    ana.get(format!("{}/codes", user_path(&ana))).send().await.problem(403, "forbidden");
    // Never the number, the code or its digest.
    let text = json!(seen).to_string();
    assert!(!text.contains(ana.phone.trim_start_matches('+')) && !text.contains("hash"), "{text}");
}

#[tokio::test]
async fn at_most_fifty_codes_of_the_last_day_are_listed() {
    let stack = Stack::start().await;
    let (ana, eva) = (stack.participant("Ana").await, stack.admin("Eva").await);
    let add = format!(
        "with added as (
             insert into otp_codes (id, user_id, phone_number, expires_at, created_at)
             select gen_random_uuid(), '{}', '{}', now(), now() - n * interval '20 minutes'
               from generate_series(1, 100) n returning id)
         insert into outbox (id, otp_id) select gen_random_uuid(), id from added",
        ana.id, ana.phone
    );
    stack.database.execute(&add).await;
    assert_eq!(codes(&eva, &ana).await.len(), 50);
    stack
        .database
        .execute("update otp_codes set created_at = created_at - interval '22 hours'")
        .await;
    // Her login's code, and those of the 100 minutes before it, are at most a day old.
    let recent = "select count(*) from otp_codes c join users u on u.id = c.user_id
                   where u.name = 'Ana' and c.created_at > now() - interval '1 day'";
    let n_recent = usize::try_from(stack.database.query_i64(recent).await).unwrap();
    assert!((1..50).contains(&n_recent));
    assert_eq!(codes(&eva, &ana).await.len(), n_recent);
}

/// Sets the number of failed logins with the user's number.
async fn set_login_failures(stack: &Stack, user: &User, failures: u16, paused: &str) {
    let id = RateLimitKey::for_number(&RATE_LIMIT_KEY, &user.phone).into_uuid();
    let set_login_failures = format!(
        "insert into login_failures (id, failures, paused_until)
         values ('{id}', {failures}, {paused})
         on conflict (id) do update
            set failures = excluded.failures, paused_until = excluded.paused_until"
    );
    stack.database.execute(&set_login_failures).await;
}

#[tokio::test]
async fn admins_end_a_lockout() {
    let stack = Stack::start().await;
    let (ana, eva) = (stack.participant("Ana").await, stack.admin("Eva").await);
    let at = format!("{}/login-failures", user_path(&ana));
    let nothing = json!({ "failures": 0, "paused_until": null, "is_locked": false });
    assert_eq!(eva.get(&at).send().await.ok(200), nothing);
    let ask = || async {
        stack.database.execute("delete from rate_buckets").await;
        stack.client.post("/v1/auth/otp").json(&json!({ "phone": ana.phone })).send().await
    };
    for (failures, paused, is_locked) in
        [(20, "now() + interval '1 hour'", false), (100, "now() + interval '1 day'", true)]
    {
        set_login_failures(&stack, &ana, failures, paused).await;
        ask().await.problem(429, "login-paused");
        let shown = eva.get(&at).send().await.ok(200);
        assert_eq!(
            (&shown["failures"], &shown["is_locked"]),
            (&json!(failures), &json!(is_locked))
        );
        assert_eq!(shown["paused_until"].is_string(), !is_locked);

        assert_eq!(eva.delete(&at).send().await.status.as_u16(), 204);

        assert_eq!(eva.get(&at).send().await.ok(200), nothing);
        ask().await.ok(202);
        stack.log_in(&ana.phone).await;
    }
    assert_eq!(eva.delete(&at).send().await.status.as_u16(), 204, "nothing to forget");
    let noted = actions(&stack, &ana).await;
    assert_eq!(noted.matches("user.unlocked 1").count(), 2, "{noted}");
    assert_eq!(noted.matches("user.unlocked 0").count(), 1, "{noted}");
    for call in [User::get, User::delete] {
        let missing =
            call(&eva, format!("/v1/admin/users/{MISSING_ID}/login-failures")).send().await;
        missing.problem(404, "not-found");
    }
}

#[tokio::test]
async fn an_expired_lockout_is_not_shown_and_known_devices_count() {
    let stack = Stack::start().await;
    let (ana, eva) = (stack.participant("Ana").await, stack.admin("Eva").await);
    let ben = stack.participant("Ben").await;
    let at = format!("{}/login-failures", user_path(&ana));
    set_login_failures(&stack, &ana, 21, "now() - interval '1 second'").await;
    set_login_failures(&stack, &ben, 99, "now() + interval '1 day'").await;
    let over = json!({ "failures": 21, "paused_until": null, "is_locked": false });
    assert_eq!(eva.get(&at).send().await.ok(200), over);

    let device = format!(
        "insert into login_failures (id, failures)
         select id, 100 from known_devices where user_id = '{}'",
        ana.id
    );
    assert_eq!(stack.database.execute(&device).await, 1);
    assert_eq!(eva.get(&at).send().await.ok(200)["is_locked"], true);
    assert_eq!(eva.delete(&at).send().await.status.as_u16(), 204);
    assert_eq!(eva.get(&at).send().await.ok(200)["failures"], 0);
    // Ben's are his own.
    let bens = eva.get(format!("{}/login-failures", user_path(&ben))).send().await.ok(200);
    assert_eq!(bens["failures"], 99);
}

#[tokio::test]
async fn a_number_that_is_not_on_whatsapp_is_marked() {
    let stack = Stack::start().await;
    let (ana, eva) = (stack.participant("Ana").await, stack.admin("Eva").await);
    assert_eq!(eva.get(user_path(&ana)).send().await.ok(200)["unreachable_since"], Value::Null);
    let seen = "update users set unreachable_at = '2026-01-02T03:04:05Z' where name = 'Ana'";
    stack.database.execute(seen).await;
    let shown = eva.get(user_path(&ana)).send().await.ok(200);
    assert_eq!(shown["unreachable_since"], "2026-01-02T03:04:05Z");
    let body = json!({ "otp_id": stack.challenge(&ana.phone).await, "code": CODE });
    stack.client.post("/v1/auth/sessions").json(&body).send().await.ok(201);
}
