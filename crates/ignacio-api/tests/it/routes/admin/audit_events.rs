//! The audit log: logins, changes by admins, grants, and reads.

use serde_json::{Value, json};

use super::{update_user, user_path};
use crate::stack::Stack;
use crate::users::User;

async fn events(admin: &User, query: &str) -> Vec<Value> {
    let listed = admin.get(format!("/v1/admin/audit-events?{query}")).send().await.ok(200);
    listed["data"].as_array().unwrap().clone()
}

fn actions(events: &[Value]) -> Vec<&str> {
    events.iter().map(|it| it["action"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn admin_actions_are_recorded_in_the_audit_log() {
    let stack = Stack::start().await;
    let (ana, eva) = (stack.participant("Ana").await, stack.admin("Eva").await);
    let resources = stack.create_resources(&ana).await;
    let ivo = stack.admin("Ivo").await;
    let body = json!({ "user_id": ana.id, "reason": "Pidió ayuda con su plan" });
    eva.post("/v1/admin/access-grants").json(&body).send().await.ok(201);
    eva.get(format!("{}/conversations", user_path(&ana))).send().await.ok(200);
    let messages = format!("/v1/admin/conversations/{}/messages", resources.conversation);
    eva.get(&messages).send().await.ok(200);
    eva.get(format!("{}/files", user_path(&ana))).send().await.ok(200);
    update_user(&eva, &user_path(&ana), &json!({ "name": "Otra", "role": "admin" })).await.ok(200);
    eva.delete(user_path(&ana)).header("if-match", "*").send().await.ok(202);

    let seen = events(&ivo, &format!("actor={}", eva.id)).await;

    let expected = [
        "user.deleted",
        "user.changed",
        "session.ended",
        // Once for the ETag, once because the response to the change shows the user.
        "user.read",
        "user.read",
        "files.listed",
        "messages.listed",
        "conversations.listed",
        "grant.created",
        "session.opened",
    ];
    let mut sorted = (actions(&seen), expected.to_vec());
    sorted.0.sort_unstable();
    sorted.1.sort_unstable();
    assert_eq!(sorted.0, sorted.1);
    for event in &seen {
        let actor = json!({ "id": eva.id, "name": "Eva", "role": "admin" });
        assert_eq!(event["actor"], actor);
        assert_eq!(event["hash"].as_str().unwrap().len(), 64);
    }
    let of = |action: &str| seen.iter().find(|it| it["action"] == action).unwrap();
    let read = of("messages.listed");
    assert_eq!(read["subject_id"], ana.id.as_str());
    assert_eq!(read["target_id"], resources.conversation.as_str());
    assert_eq!(read["reason"], "Pidió ayuda con su plan");
    let changed = &of("user.changed")["detail"];
    assert_eq!(
        *changed,
        json!({
            "changed": ["name", "role"], "role": "admin", "active": true, "rows": null,
        })
    );
    assert_eq!(of("files.listed")["detail"]["rows"], 1);
    assert_eq!(of("session.opened")["target_id"], eva.session.as_str());
}

#[tokio::test]
async fn audit_events_are_filtered_and_paged() {
    let stack = Stack::start().await;
    let (ana, eva) = (stack.participant("Ana").await, stack.admin("Eva").await);
    ana.delete("/v1/sessions/current").send().await;
    let of_ana = events(&eva, &format!("subject={}&action=session.opened", ana.id)).await;
    assert_eq!((of_ana.len(), &of_ana[0]["actor"]["name"]), (1, &json!("Ana")));
    let both = events(&eva, &format!("actor={}", ana.id)).await;
    assert_eq!(actions(&both), ["session.ended", "session.opened"]);
    let moment = both[0]["created_at"].as_str().unwrap();
    let before = events(&eva, &format!("actor={}&to={moment}", ana.id)).await;
    assert_eq!(actions(&before), ["session.opened"]);
    let since = events(&eva, &format!("actor={}&from={moment}", ana.id)).await;
    assert_eq!(actions(&since), ["session.ended"]);
    assert!(events(&eva, "from=2099-01-01T00:00:00Z").await.is_empty());
    assert!(events(&eva, "to=0000-01-01T00:00:00Z").await.is_empty());

    // Each read is an event too, so the list grows at its head while it is paged; no earlier event is
    // missed.
    let (mut numbers, mut query) = (Vec::new(), "limit=2".to_owned());
    loop {
        let page = eva.get(format!("/v1/admin/audit-events?{query}")).send().await.ok(200);
        numbers
            .extend(page["data"].as_array().unwrap().iter().map(|it| it["seq"].as_i64().unwrap()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        query = format!("limit=2&cursor={cursor}");
    }
    let expected: Vec<i64> = (1..=numbers[0]).rev().collect();
    assert_eq!(numbers, expected);
    for (query, place, rule) in [
        ("action=user.eaten", "/action", "wrong-value"),
        ("actor=x", "/actor", "uuid"),
        ("subject=", "/subject", "uuid"),
        ("from=ayer", "/from", "wrong-value"),
        ("to=2026-01-01", "/to", "wrong-value"),
        ("reason=x", "/reason", "unknown-field"),
    ] {
        let refused = eva.get(format!("/v1/admin/audit-events?{query}")).send().await;
        assert_eq!(refused.invalid(), (place.to_owned(), rule.to_owned()), "{query}");
    }
}

#[tokio::test]
async fn reading_the_audit_log_and_users_is_recorded() {
    let stack = Stack::start().await;
    let (ana, eva) = (stack.participant("Ana").await, stack.admin("Eva").await);
    eva.get("/v1/admin/users?q=ana").send().await.ok(200);
    eva.get(user_path(&ana)).send().await.ok(200);
    events(&eva, "").await;
    let seen = events(&eva, &format!("actor={}", eva.id)).await;
    assert_eq!(actions(&seen), ["audit.listed", "user.read", "users.listed", "session.opened"]);
    assert_eq!(seen[2]["detail"]["rows"], 1);
    assert_eq!(seen[1]["subject_id"], ana.id.as_str());
}
