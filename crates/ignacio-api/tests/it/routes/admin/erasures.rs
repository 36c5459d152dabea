//! Deleting a user, and the erasure that records it.

use serde_json::{Value, json};

use super::user_path;
use crate::operation::MISSING_ID;
use crate::stack::Stack;

#[tokio::test]
async fn a_deleted_user_leaves_an_erasure_and_nothing_else() {
    let stack = Stack::start().await;
    let (ana, ben) = (stack.participant("Ana").await, stack.participant("Ben").await);
    let eva = stack.admin("Eva").await;
    stack.create_resources(&ana).await;
    stack.create_resources(&ben).await;
    let at = user_path(&ana);
    let tag = eva.get(&at).send().await.header("etag").to_owned();
    eva.delete(&at).send().await.problem(428, "precondition-required");
    let stale = eva.delete(&at).header("if-match", "\"x\"").send().await;
    stale.problem(412, "precondition-failed");
    ana.get("/v1/me").send().await.ok(200);

    let begun = eva.delete(&at).header("if-match", &tag).send().await;

    let location = begun.header("location").to_owned();
    let receipt = begun.ok(202);
    assert_eq!(location, format!("/v1/admin/erasures/{}", receipt["id"].as_str().unwrap()));
    let counts =
        |it: &Value| ["conversations", "messages", "files"].map(|name| it[name].as_i64().unwrap());
    assert_eq!(counts(&receipt), [1, 2, 1]);
    assert_eq!((&receipt["user_id"], &receipt["state"]), (&json!(ana.id), &json!("pending")));
    assert_eq!(receipt["objects_left"], 1);
    assert_eq!(eva.get(&location).send().await.ok(200), receipt);
    ana.get("/v1/me").send().await.problem(401, "unauthenticated");
    eva.get(&at).send().await.problem(404, "not-found");
    eva.delete(&at).header("if-match", "*").send().await.problem(404, "not-found");
    for table in ["conversations", "messages", "user_files", "user_sessions"] {
        let left = format!("select count(*) from {table} where user_id = '{}'", ana.id);
        assert_eq!(stack.database.query_i64(&left).await, 0, "{table}");
    }
    assert_eq!(
        ben.get("/v1/conversations").send().await.ok(200)["data"].as_array().unwrap().len(),
        1
    );

    // When the worker has emptied the purge queue, the erasure is done.
    stack.database.execute("delete from purge_queue").await;
    let done = eva.get(&location).send().await.ok(200);
    assert_eq!((&done["state"], &done["objects_left"]), (&json!("done"), &json!(0)));
    assert_eq!(counts(&done), [1, 2, 1]);
    let missing = format!("/v1/admin/erasures/{MISSING_ID}");
    eva.get(&missing).send().await.problem(404, "not-found");
}

#[tokio::test]
async fn another_admin_can_be_deleted_while_one_is_left() {
    let stack = Stack::start().await;
    let (eva, ivo) = (stack.admin("Eva").await, stack.admin("Ivo").await);
    let receipt = eva.delete(user_path(&ivo)).header("if-match", "*").send().await.ok(202);
    // He has nothing outside the database.
    assert_eq!((&receipt["state"], &receipt["files"]), (&json!("done"), &json!(0)));
    ivo.get("/v1/admin/users").send().await.problem(401, "unauthenticated");
}
