//! What the staff do only with a fresh code: with one, without one, and ten minutes later.

use serde_json::{Value, json};

use super::account;
use crate::client::Call;
use crate::stack::Stack;
use crate::users::{CODE, User};

/// The acts, about this person, with the status of each when it is done.
fn dangerous(admin: &User, person: &User) -> Vec<(&'static str, Call, u16)> {
    let at = account(person);
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
async fn dangerous_acts_need_a_fresh_code() {
    let stack = Stack::start().await;
    let (ana, eva) = (stack.participant("Ana").await, stack.admin("Eva").await);
    stack.things_of(&ana).await;
    for age in ["10 minutes", "1 hour"] {
        stack.age_code(&eva, age).await;
        let before = stack.everything().await;
        for (name, call, _) in dangerous(&eva, &ana) {
            call.send().await.problem(403, "step-up-required");
            assert_eq!(stack.everything().await, before, "{name}");
        }
    }
    ana.get("/v1/me").send().await.ok(200);

    let verified = stack.step_up(&eva).await;
    assert_eq!(verified["id"], eva.session.as_str());
    for (name, call, status) in dangerous(&eva, &ana) {
        let done = call.send().await;
        assert_eq!(done.status.as_u16(), status, "{name}: {done:?}");
    }

    let ben = stack.participant("Ben").await;
    stack.age_code(&eva, "10 minutes").await;
    for (name, call, _) in dangerous(&eva, &ben) {
        let refused = call.send().await;
        assert_eq!(refused.status.as_u16(), 403, "{name}: {refused:?}");
    }
}

#[tokio::test]
async fn each_act_is_done_right_after_a_login_and_until_the_ten_minutes_are_over() {
    let stack = Stack::start().await;
    let eva = stack.admin("Eva").await;
    for (index, name) in ["Ana", "Ben", "Caro", "Dani", "Elsa", "Fran"].into_iter().enumerate() {
        let person = stack.participant(name).await;
        if index > 2 {
            stack.age_code(&eva, "9 minutes 30 seconds").await;
        }
        let (what, call, status) = dangerous(&eva, &person).swap_remove(index);
        let done = call.send().await;
        assert_eq!(done.status.as_u16(), status, "{what}: {done:?}");
    }
}

#[tokio::test]
async fn other_acts_need_none() {
    let stack = Stack::start().await;
    let (ana, eva) = (stack.participant("Ana").await, stack.admin("Eva").await);
    let ivo = stack.admin("Ivo").await;
    stack.age_code(&eva, "1 hour").await;
    let change = |person: &User, body: Value| {
        eva.patch(account(person)).header("if-match", "*").json(&body).send()
    };
    change(&ana, json!({ "name": "Ana María", "locale": "en" })).await.ok(200);
    // What takes rights away must not wait.
    change(&ivo, json!({ "role": "participant" })).await.ok(200);
    change(&ivo, json!({ "active": false })).await.ok(200);
    // The number and the role that are there already are no change.
    change(&ana, json!({ "phone": ana.phone, "role": "participant" })).await.ok(200);
    let new = json!({ "phone": "+573007654321", "name": "Nueva" });
    eva.post("/v1/admin/users").json(&new).send().await.ok(201);
    let unlocked = eva.delete(format!("{}/login-failures", account(&ana))).send().await;
    assert_eq!(unlocked.status.as_u16(), 204);
    ana.get("/v1/me").send().await.ok(200);
}

#[tokio::test]
async fn a_renewed_token_keeps_the_step_up_and_adds_none() {
    let stack = Stack::start().await;
    let (ana, eva) = (stack.participant("Ana").await, stack.admin("Eva").await);
    stack.age_code(&eva, "9 minutes").await;
    // Asked for with the old token, shown with the new one: it is the same session.
    let challenge = stack.fresh_challenge(&eva).await;
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

    let sessions = format!("{}/sessions", account(&ana));
    for person in [&newer, &eva] {
        assert_eq!(person.delete(&sessions).send().await.status.as_u16(), 204);
    }
    stack.age_code(&newer, "10 minutes").await;
    for person in [&newer, &eva] {
        person.delete(&sessions).send().await.problem(403, "step-up-required");
    }
    newer.shows(&challenge, CODE).await.ok(200);
    for person in [&newer, &eva] {
        assert_eq!(person.delete(&sessions).send().await.status.as_u16(), 204);
    }
}

#[tokio::test]
async fn one_session_does_not_step_up_for_another() {
    let stack = Stack::start().await;
    let (ana, eva) = (stack.participant("Ana").await, stack.admin("Eva").await);
    let laptop = stack.log_in(&eva.phone).await;
    let ivo = stack.admin("Ivo").await;
    stack.age_code(&eva, "1 hour").await;
    stack.step_up(&laptop).await;
    stack.step_up(&ivo).await;
    let sessions = format!("{}/sessions", account(&ana));
    eva.delete(&sessions).send().await.problem(403, "step-up-required");
    ana.get("/v1/me").send().await.ok(200);
    assert_eq!(laptop.delete(&sessions).send().await.status.as_u16(), 204);
}

#[tokio::test]
async fn a_wrong_code_steps_nobody_up() {
    let stack = Stack::start().await;
    let (ana, eva) = (stack.participant("Ana").await, stack.admin("Eva").await);
    stack.age_code(&eva, "1 hour").await;
    let challenge = stack.fresh_challenge(&eva).await;
    for code in ["654321", "654322", "654323", "654324", "654325", CODE] {
        eva.shows(&challenge, code).await.problem(401, "code-invalid");
    }
    let sessions = format!("{}/sessions", account(&ana));
    eva.delete(&sessions).send().await.problem(403, "step-up-required");
    eva.get("/v1/admin/users").send().await.ok(200);
}
