//! Quotas, usage, and who sees them.

use std::sync::Arc;

use ignacio_domain::quota::UsageLimits;
use ignacio_domain::response::ReplyOutcome;
use ignacio_domain::usage::{Usage, UsageCost};
use serde_json::{Value, json};

use crate::stack::{Stack, models_with};

/// Quotas that no test exceeds.
const WIDE: UsageLimits = UsageLimits {
    concurrent_replies: 100,
    messages_per_ten_minutes: 100,
    messages_per_day: 100,
    tokens_per_day: None,
    tokens_per_month: None,
    cost_micro_usd_per_day: None,
    cost_micro_usd_per_month: None,
};

async fn stack_with_limits(limits: UsageLimits) -> Stack {
    Stack::with(|settings| settings.models = Arc::new(models_with(limits))).await
}

/// Completes the oldest queued reply at this cost.
async fn end_reply(stack: &Stack, spent: UsageCost) {
    let mut reply = stack.claim_reply().await;
    assert!(reply.end(ReplyOutcome::Completed, spent).await.unwrap());
}

fn spent(input: i64, output: i64, cost_micro_usd: i64) -> UsageCost {
    UsageCost::Known { usage: Usage { input, cached: 1, output, reasoning: 2 }, cost_micro_usd }
}

#[tokio::test]
async fn beyond_a_quota_nothing_is_stored_or_requested() {
    let cases = [
        (UsageLimits { concurrent_replies: 2, ..WIDE }, "replies-at-once"),
        (UsageLimits { messages_per_ten_minutes: 2, ..WIDE }, "messages"),
        (UsageLimits { messages_per_day: 2, ..WIDE }, "messages-of-the-day"),
        (UsageLimits { tokens_per_day: Some(11_000), ..WIDE }, "tokens-of-the-day"),
        (UsageLimits { tokens_per_month: Some(11_000), ..WIDE }, "tokens-of-the-month"),
        (UsageLimits { cost_micro_usd_per_day: Some(90_000), ..WIDE }, "money-of-the-day"),
        (UsageLimits { cost_micro_usd_per_month: Some(90_000), ..WIDE }, "money-of-the-month"),
    ];
    for (limits, limit) in cases {
        let stack = stack_with_limits(limits).await;
        let ana = stack.participant("Ana").await;
        for title in ["uno", "dos"] {
            let at = ana.start_conversation(title).await;
            ana.post_message(&at, "hola").await;
        }
        let at = ana.start_conversation("tres").await;
        let refused = ana.post(format!("{at}/messages")).json(&json!({ "content": "hola" }));
        let refused = refused.send().await;
        assert!(refused.header("retry-after").parse::<u32>().unwrap() > 0, "{limit}");
        let problem = refused.problem(429, "budget-exceeded");
        assert_eq!(problem["limit"], limit);
        assert_eq!(problem["resets_at"].is_string(), limit != "replies-at-once", "{problem}");
        assert_eq!(ana.get(&at).send().await.ok(200)["message_count"], 0);
        let asked = "select count(*)::text from responses";
        assert_eq!(stack.database.query_text(asked).await, "2", "{limit}");

        // Another user has their own quotas.
        let ben = stack.participant("Ben").await;
        let at = ben.start_conversation("uno").await;
        ben.post_message(&at, "hola").await;
    }
}

#[tokio::test]
async fn concurrent_posts_do_not_exceed_a_quota() {
    let stack = stack_with_limits(UsageLimits { messages_per_day: 3, ..WIDE }).await;
    let ana = stack.participant("Ana").await;
    let mut places = Vec::new();
    for n in 0..12 {
        places.push(ana.start_conversation(&n.to_string()).await);
    }
    let body = json!({ "content": "hola" });
    let calls = places.iter().map(|at| ana.post(format!("{at}/messages")).json(&body).send());
    let answers = futures_util::future::join_all(calls).await;
    assert_eq!(answers.iter().filter(|it| it.status.as_u16() == 201).count(), 3);
    assert_eq!(answers.iter().filter(|it| it.status.as_u16() == 429).count(), 9);
}

#[tokio::test]
async fn a_reservation_is_replaced_by_the_actual_usage() {
    // A reply reserves 5,096 tokens.
    let stack = stack_with_limits(UsageLimits { tokens_per_day: Some(6_000), ..WIDE }).await;
    let ana = stack.participant("Ana").await;
    let at = ana.start_conversation("uno").await;
    let say = || ana.post(format!("{at}/messages")).json(&json!({ "content": "hola" }));
    say().send().await.ok(201);
    end_reply(&stack, spent(100, 50, 7)).await;
    say().send().await.ok(201);
    end_reply(&stack, UsageCost::Nothing).await;
    say().send().await.ok(201);
    // The usage of this one is unknown.
    end_reply(&stack, UsageCost::Unknown).await;
    say().send().await.problem(429, "budget-exceeded");

    let usage = ana.get("/v1/me/usage").send().await.ok(200);
    let rows = usage["data"].as_array().unwrap();
    assert_eq!(rows.len(), 1);
    let cost_micro_usd = 7 + 1_001 + 4_096 * 10;
    let expected = json!({ "model": "model-1", "replies": 3, "input": 100, "cached": 1,
        "output": 50, "reasoning": 2, "cost_micro": cost_micro_usd, "user_id": null });
    let mut row = rows[0].clone();
    assert!(row.as_object_mut().unwrap().remove("day").unwrap().is_string());
    assert_eq!(row, expected);
    assert_eq!(usage["limits"]["tokens_per_day"], 6_000);
    assert_eq!(usage["limits"]["cost_micro_per_day"], Value::Null);
    assert_eq!(usage["models"], json!(["model-1"]));
}

#[tokio::test]
async fn yesterdays_and_deleted_usage_count_correctly() {
    let stack = stack_with_limits(UsageLimits { messages_per_day: 2, ..WIDE }).await;
    let ana = stack.participant("Ana").await;
    let at = ana.start_conversation("uno").await;
    ana.post_message(&at, "hola").await;
    // A running reply that is deleted counts as reserved.
    let running = stack.claim_reply().await;
    drop(running);
    assert_eq!(ana.delete(&at).send().await.status.as_u16(), 204);
    let states = "select string_agg(state || ' ' || (cost_micro > 0), ',') from usage_records";
    assert_eq!(stack.database.query_text(states).await, "estimated true");

    let at = ana.start_conversation("dos").await;
    ana.post_message(&at, "hola").await;
    assert_eq!(ana.delete(&at).send().await.status.as_u16(), 204);
    let settled = "select count(*)::text from usage_records where state = 'settled'";
    assert_eq!(stack.database.query_text(settled).await, "1");

    let at = ana.start_conversation("tres").await;
    let say = || ana.post(format!("{at}/messages")).json(&json!({ "content": "hola" }));
    say().send().await.problem(429, "budget-exceeded");
    let age = "update usage_records set created_at = created_at - interval '1 day'";
    stack.database.execute(age).await;
    say().send().await.ok(201);
}

#[tokio::test]
async fn only_the_roles_models_can_be_requested() {
    let stack = Stack::start().await;
    let (ana, ada) = (stack.participant("Ana").await, stack.admin("Ada").await);
    let message = |model: &str| json!({ "content": "hola", "model": model });
    let at = ana.start_conversation("uno").await;
    let refused = ana.post(format!("{at}/messages")).json(&message("model-2")).send().await;
    let problem = refused.problem(422, "invalid-request");
    assert_eq!(problem["errors"][0]["pointer"], "/model");
    assert_eq!(problem["errors"][0]["code"], "model-not-allowed");
    let started = json!({ "message": message("model-2") });
    let refused = ana.post("/v1/conversations").json(&started).send().await;
    let problem = refused.problem(422, "invalid-request");
    assert_eq!(problem["errors"][0]["pointer"], "/message/model");
    let posted = ana.post(format!("{at}/messages")).json(&message("model-1")).send().await.ok(201);
    assert_eq!(posted["response"]["model"], "model-1");

    let at = ada.start_conversation("uno").await;
    let posted = ada.post(format!("{at}/messages")).json(&message("model-2")).send().await.ok(201);
    assert_eq!(posted["response"]["model"], "model-2");
}

#[tokio::test]
async fn admins_read_usage_totals_and_the_audit_log_records_it() {
    let stack = Stack::start().await;
    let (ana, ben) = (stack.participant("Ana").await, stack.participant("Ben").await);
    let ada = stack.admin("Ada").await;
    for (user, cost_micro_usd) in [(&ana, 10), (&ben, 30), (&ana, 5)] {
        let at = user.start_conversation("uno").await;
        user.post_message(&at, "hola").await;
        end_reply(&stack, spent(100, 10, cost_micro_usd)).await;
    }
    let sums = async |query: &str| {
        let page = ada.get(format!("/v1/admin/usage{query}")).send().await.ok(200);
        let rows = page["data"].as_array().unwrap().clone();
        let cost_micro_usd: Vec<_> =
            rows.iter().map(|it| it["cost_micro"].as_i64().unwrap()).collect();
        (rows, cost_micro_usd)
    };
    assert_eq!(sums("").await.1, [45]);
    assert_eq!(sums("?group_by=model").await.0[0]["model"], "model-1");
    let (rows, cost_micro_usd) = sums("?group_by=user").await;
    assert_eq!(cost_micro_usd, [30, 15]);
    assert_eq!((&rows[1]["replies"], &rows[1]["day"]), (&json!(2), &Value::Null));
    let user = rows[1]["user_id"].as_str().unwrap();
    assert_eq!(sums(&format!("?user_id={user}")).await.1, [15]);
    assert_eq!(sums("?from=2020-01-01&to=2020-12-31").await.1, [0; 0]);

    ana.get("/v1/admin/usage").send().await.problem(403, "forbidden");
    for bad in ["?from=2026-13-01", "?from=2026-02-02&to=2026-02-01"] {
        ada.get(format!("/v1/admin/usage{bad}")).send().await.problem(422, "invalid-request");
        ana.get(format!("/v1/me/usage{bad}")).send().await.problem(422, "invalid-request");
    }
    let noted = "select count(*)::text from audit_events where action = 'usage.listed'";
    assert_eq!(stack.database.query_text(noted).await, "5");
}
