//! Reading a user's conversations: under a grant, for half an hour, and recorded in the user's access
//! log.

use serde_json::{Value, json};

use super::user_path;
use crate::client::ApiResponse;
use crate::operation::MISSING_ID;
use crate::stack::Stack;
use crate::users::User;

const REASON: &str = "Pidió ayuda con su plan";

async fn grant(admin: &User, user: &str, reason: &str) -> ApiResponse {
    let body = json!({ "user_id": user, "reason": reason });
    admin.post("/v1/admin/access-grants").json(&body).send().await
}

async fn access_log(user: &User) -> Vec<Value> {
    let listed = user.get("/v1/me/access-log").send().await.ok(200);
    listed["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn conversations_are_readable_until_the_grant_expires() {
    let stack = Stack::start().await;
    let (ana, ben) = (stack.participant("Ana").await, stack.participant("Ben").await);
    let (eva, ivo) = (stack.admin("Eva").await, stack.admin("Ivo").await);
    let (of_ana, of_ben) = (stack.create_resources(&ana).await, stack.create_resources(&ben).await);
    let messages = |it: &str| format!("/v1/admin/conversations/{it}/messages");
    let conversations = |it: &User| format!("{}/conversations", user_path(it));
    for target in [messages(&of_ana.conversation), conversations(&ana)] {
        eva.get(&target).send().await.problem(403, "grant-required");
    }

    let given = grant(&eva, &ana.id, &format!("  {REASON} ")).await;
    let location = given.header("location").to_owned();
    let given = given.ok(201);
    assert_eq!(location, format!("/v1/admin/access-grants/{}", given["id"].as_str().unwrap()));
    assert_eq!((&given["admin_id"], &given["user_id"]), (&json!(eva.id), &json!(ana.id)));
    assert_eq!(given["reason"], REASON);
    assert_eq!(eva.get(&location).send().await.ok(200), given);

    let listed = eva.get(conversations(&ana)).send().await.ok(200);
    assert_eq!(listed["data"][0]["id"], of_ana.conversation.as_str());
    assert_eq!(listed["data"][0]["message_count"], 2);
    let read = eva.get(messages(&of_ana.conversation)).send().await.ok(200);
    assert_eq!(
        (&read["data"][0]["content"], &read["data"][1]["content"]),
        (&json!("listo"), &json!("hola"))
    );
    // The grant is for Eva alone, and for Ana's data alone.
    for (admin, target) in [
        (&ivo, messages(&of_ana.conversation)),
        (&ivo, conversations(&ana)),
        (&eva, messages(&of_ben.conversation)),
        (&eva, conversations(&ben)),
    ] {
        admin.get(&target).send().await.problem(403, "grant-required");
    }
    // Nor does it open the participant's own routes.
    eva.get(format!("/v1/conversations/{}", of_ana.conversation))
        .send()
        .await
        .problem(404, "not-found");

    let half_an_hour_ago =
        "update access_grants set created_at = created_at - interval '31 minutes',
         expires_at = expires_at - interval '31 minutes'";
    stack.database.execute(half_an_hour_ago).await;
    for target in [messages(&of_ana.conversation), conversations(&ana)] {
        eva.get(&target).send().await.problem(403, "grant-required");
    }
    eva.get(&location).send().await.ok(200);
}

#[tokio::test]
async fn a_grant_lasts_half_an_hour() {
    let stack = Stack::start().await;
    let (ana, eva) = (stack.participant("Ana").await, stack.admin("Eva").await);
    grant(&eva, &ana.id, REASON).await.ok(201);
    let length = "select extract(epoch from expires_at - created_at)::bigint from access_grants";
    assert_eq!(stack.database.query_i64(length).await, 30 * 60);
}

#[tokio::test]
async fn a_grant_needs_a_user_and_a_reason() {
    let stack = Stack::start().await;
    let (ana, eva) = (stack.participant("Ana").await, stack.admin("Eva").await);
    let long = "pa ".repeat(200);
    for (user, reason, place, rule) in [
        (MISSING_ID, REASON, "/user_id", "no-such-person"),
        ("x", REASON, "/user_id", "uuid"),
        (&ana.id, "", "/reason", "reason"),
        (&ana.id, "          ", "/reason", "reason"),
        (&ana.id, "soporte", "/reason", "reason"),
        (&ana.id, "soportetécnico", "/reason", "reason"),
        (&ana.id, "… … … … … … …", "/reason", "reason"),
        (&ana.id, "dos\nlíneas aquí", "/reason", "reason"),
        (&ana.id, &long, "/reason", "reason"),
    ] {
        let refused = grant(&eva, user, reason).await;
        assert_eq!(refused.invalid(), (place.to_owned(), rule.to_owned()), "{user} {reason}");
    }
    for (body, place) in
        [(json!({ "user_id": ana.id }), "/reason"), (json!({ "reason": REASON }), "/user_id")]
    {
        let refused = eva.post("/v1/admin/access-grants").json(&body).send().await;
        assert_eq!(refused.invalid(), (place.to_owned(), "required".to_owned()));
    }
    assert_eq!(stack.database.query_i64("select count(*) from access_grants").await, 0);
    let missing = format!("/v1/admin/access-grants/{MISSING_ID}");
    eva.get(&missing).send().await.problem(404, "not-found");
    let missing = format!("/v1/admin/users/{MISSING_ID}/conversations");
    eva.get(&missing).send().await.problem(404, "not-found");
}

#[tokio::test]
async fn files_are_listed_by_name_without_a_grant() {
    let stack = Stack::start().await;
    let (ana, eva) = (stack.participant("Ana").await, stack.admin("Eva").await);
    let resources = stack.create_resources(&ana).await;
    let listed = eva.get(format!("{}/files", user_path(&ana))).send().await.ok(200);
    assert_eq!(
        (&listed["data"][0]["name"], &listed["data"][0]["size"]),
        (&json!("a.txt"), &json!(4))
    );
    let content = eva.get(format!("/v1/files/{}/content", resources.file)).send().await;
    content.problem(404, "not-found");
    let missing = format!("/v1/admin/users/{MISSING_ID}/files");
    eva.get(&missing).send().await.problem(404, "not-found");
}

#[tokio::test]
async fn users_see_who_read_what_when_and_why() {
    let stack = Stack::start().await;
    let (ana, ben) = (stack.participant("Ana").await, stack.participant("Ben").await);
    let eva = stack.admin("Eva").await;
    let resources = stack.create_resources(&ana).await;
    let n_before = access_log(&ana).await.len();
    let given = grant(&eva, &ana.id, REASON).await.ok(201);
    let target = format!("/v1/admin/conversations/{}/messages", resources.conversation);
    eva.get(&target).send().await.ok(200);
    // A refused read is not recorded.
    eva.get(format!("{}/conversations", user_path(&ben)))
        .send()
        .await
        .problem(403, "grant-required");

    let log = access_log(&ana).await;

    assert_eq!(log.len(), n_before + 2);
    assert_eq!(log[0]["action"], "messages.listed");
    assert_eq!(log[0]["target_id"], resources.conversation.as_str());
    assert_eq!(log[1]["action"], "grant.created");
    assert_eq!(log[1]["target_id"], given["id"]);
    for entry in &log[..2] {
        assert_eq!((&entry["actor_name"], &entry["reason"]), (&json!("Eva"), &json!(REASON)));
        assert!(entry["created_at"].as_str().unwrap() >= given["created_at"].as_str().unwrap());
    }
    assert!(access_log(&ben).await.is_empty());
    // The log outlives the admin who is in it.
    let ivo = stack.admin("Ivo").await;
    ivo.delete(user_path(&eva)).header("if-match", "*").send().await.ok(202);
    assert_eq!(access_log(&ana).await[0]["actor_name"], "Eva");
}

#[tokio::test]
async fn a_users_own_actions_are_not_in_the_access_log() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let at = ana.start_conversation("uno").await;
    ana.delete(&at).send().await;
    ana.patch("/v1/me").json(&json!({ "name": "Yo" })).send().await.ok(200);
    assert!(access_log(&ana).await.is_empty());
}
