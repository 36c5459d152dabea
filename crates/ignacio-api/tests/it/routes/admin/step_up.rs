//! Operations that require a step-up: with one, without one, and ten minutes later.

use serde_json::{Value, json};

use super::user_path;
use crate::client::Call;
use crate::stack::Stack;
use crate::users::{CODE, User};

/// The operations on this user, with the status of each when it succeeds.
fn dangerous_operations(admin: &User, user: &User) -> Vec<(&'static str, Call, u16)> {
    let at = user_path(user);
    let new = json!({ "phone": "+573007654399", "name": "Nueva", "role": "admin" });
    let change = |body: Value| admin.patch(&at).header("if-match", "*").json(&body);
    vec![
        ("make an admin", admin.post("/v1/admin/users").json(&new), 201),
        ("another number", change(json!({ "phone": "+573007654398" })), 200),
        ("another number and name", change(json!({ "phone": "+573007654397", "name": "X" })), 200),
        ("promote", change(json!({ "role": "admin" })), 200),
        ("end all sessions", admin.delete(format!("{at}/sessions")), 204),
        ("remove", admin.delete(&at).header("if-match", "*"), 202),
    ]
}

#[tokio::test]
async fn dangerous_operations_require_a_step_up() {
    let stack = Stack::start().await;
    let (ana, eva) = (stack.participant("Ana").await, stack.admin("Eva").await);
    stack.create_resources(&ana).await;
    for age in ["10 minutes", "1 hour"] {
        stack.age_step_up(&eva, age).await;
        let before = stack.table_digests().await;
        for (name, call, _) in dangerous_operations(&eva, &ana) {
            call.send().await.problem(403, "step-up-required");
            assert_eq!(stack.table_digests().await, before, "{name}");
        }
    }
    ana.get("/v1/me").send().await.ok(200);

    let verified = stack.step_up(&eva).await;
    assert_eq!(verified["id"], eva.session.as_str());
    for (name, call, status) in dangerous_operations(&eva, &ana) {
        let done = call.send().await;
        assert_eq!(done.status.as_u16(), status, "{name}: {done:?}");
    }

    let ben = stack.participant("Ben").await;
    stack.age_step_up(&eva, "10 minutes").await;
    for (name, call, _) in dangerous_operations(&eva, &ben) {
        let refused = call.send().await;
        assert_eq!(refused.status.as_u16(), 403, "{name}: {refused:?}");
    }
}

#[tokio::test]
async fn dangerous_operations_are_allowed_for_ten_minutes_after_a_login() {
    let stack = Stack::start().await;
    let eva = stack.admin("Eva").await;
    for (index, name) in ["Ana", "Ben", "Caro", "Dani", "Elsa", "Fran"].into_iter().enumerate() {
        let user = stack.participant(name).await;
        if index > 2 {
            stack.age_step_up(&eva, "9 minutes 30 seconds").await;
        }
        let (what, call, status) = dangerous_operations(&eva, &user).swap_remove(index);
        let done = call.send().await;
        assert_eq!(done.status.as_u16(), status, "{what}: {done:?}");
    }
}

#[tokio::test]
async fn other_operations_require_no_step_up() {
    let stack = Stack::start().await;
    let (ana, eva) = (stack.participant("Ana").await, stack.admin("Eva").await);
    let ivo = stack.admin("Ivo").await;
    stack.age_step_up(&eva, "1 hour").await;
    let change = |user: &User, body: Value| {
        eva.patch(user_path(user)).header("if-match", "*").json(&body).send()
    };
    change(&ana, json!({ "name": "Ana María", "locale": "en" })).await.ok(200);
    // Taking rights away must not wait.
    change(&ivo, json!({ "role": "participant" })).await.ok(200);
    change(&ivo, json!({ "active": false })).await.ok(200);
    // The same number and role are no change.
    change(&ana, json!({ "phone": ana.phone, "role": "participant" })).await.ok(200);
    let new = json!({ "phone": "+573007654321", "name": "Nueva" });
    eva.post("/v1/admin/users").json(&new).send().await.ok(201);
    let unlocked = eva.delete(format!("{}/login-failures", user_path(&ana))).send().await;
    assert_eq!(unlocked.status.as_u16(), 204);
    ana.get("/v1/me").send().await.ok(200);
}

#[tokio::test]
async fn a_renewed_token_keeps_the_step_up_and_does_not_extend_it() {
    let stack = Stack::start().await;
    let (ana, eva) = (stack.participant("Ana").await, stack.admin("Eva").await);
    stack.age_step_up(&eva, "9 minutes").await;
    // Requested with the old token, verified with the new one: it is the same session.
    let challenge = stack.step_up_challenge(&eva).await;
    let renewed = eva.post("/v1/sessions/current/renewal").send().await.ok(201);
    let token = renewed["token"].as_str().unwrap().to_owned();
    let newer = User {
        token,
        client: eva.client.clone(),
        id: eva.id.clone(),
        session: eva.session.clone(),
        phone: eva.phone.clone(),
    };
    assert_ne!(newer.token, eva.token);
    let until = |it: &Value| it["data"][0]["verified_until"].clone();
    let listed = newer.get("/v1/sessions").send().await.ok(200);
    assert_eq!(until(&listed), renewed["session"]["verified_until"]);

    let sessions = format!("{}/sessions", user_path(&ana));
    for user in [&newer, &eva] {
        assert_eq!(user.delete(&sessions).send().await.status.as_u16(), 204);
    }
    stack.age_step_up(&newer, "10 minutes").await;
    for user in [&newer, &eva] {
        user.delete(&sessions).send().await.problem(403, "step-up-required");
    }
    newer.verify_step_up(&challenge, CODE).await.ok(200);
    for user in [&newer, &eva] {
        assert_eq!(user.delete(&sessions).send().await.status.as_u16(), 204);
    }
}

#[tokio::test]
async fn one_session_does_not_step_up_for_another() {
    let stack = Stack::start().await;
    let (ana, eva) = (stack.participant("Ana").await, stack.admin("Eva").await);
    let laptop = stack.log_in(&eva.phone).await;
    let ivo = stack.admin("Ivo").await;
    stack.age_step_up(&eva, "1 hour").await;
    stack.step_up(&laptop).await;
    stack.step_up(&ivo).await;
    let sessions = format!("{}/sessions", user_path(&ana));
    eva.delete(&sessions).send().await.problem(403, "step-up-required");
    ana.get("/v1/me").send().await.ok(200);
    assert_eq!(laptop.delete(&sessions).send().await.status.as_u16(), 204);
}

#[tokio::test]
async fn a_wrong_code_does_not_step_up() {
    let stack = Stack::start().await;
    let (ana, eva) = (stack.participant("Ana").await, stack.admin("Eva").await);
    stack.age_step_up(&eva, "1 hour").await;
    let challenge = stack.step_up_challenge(&eva).await;
    for code in ["654321", "654322", "654323", "654324", "654325", CODE] {
        eva.verify_step_up(&challenge, code).await.problem(401, "code-invalid");
    }
    let sessions = format!("{}/sessions", user_path(&ana));
    eva.delete(&sessions).send().await.problem(403, "step-up-required");
    eva.get("/v1/admin/users").send().await.ok(200);
}
