//! Users: created by admins only, listed, updated, deactivated.

use ignacio_domain::reply::ReplyEvent;
use serde_json::{Value, json};

use super::{update_user, user_path};
use crate::operation::{MISSING_ID, Operation};
use crate::stack::Stack;
use crate::users::{CODE, User};

async fn n_users(stack: &Stack) -> i64 {
    stack.database.query_i64("select count(*) from users").await
}

async fn names(admin: &User, query: &str) -> Vec<String> {
    let listed = admin.get(format!("/v1/admin/users?{query}")).send().await.ok(200);
    let rows = listed["data"].as_array().unwrap();
    rows.iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn only_admins_create_users() {
    let stack = Stack::start().await;
    let (ana, eva) = (stack.participant("Ana").await, stack.admin("Eva").await);
    let mut resources = stack.create_resources(&ana).await;
    let n_before = n_users(&stack).await;
    resources.phone = "+573007654321".to_owned();
    resources.challenge = stack.challenge(&resources.phone).await;
    let mut n_tried = 0;
    for operation in Operation::all() {
        let target = operation.target_of(&resources);
        let call = stack.client.call(&operation.method, &target);
        operation.complete(call, &resources).send().await;
        if operation.is_public() {
            // Nobody can log in with the number either.
            let body = json!({ "otp_id": stack.challenge(&resources.phone).await, "code": CODE });
            let refused = stack.client.post("/v1/auth/sessions").json(&body).send().await;
            refused.problem(401, "code-invalid");
            n_tried += 1;
        }
        assert_eq!(n_users(&stack).await, n_before, "{}", operation.name());
    }
    assert_eq!(n_tried, 8);

    let body = json!({ "phone": resources.phone, "name": "Nueva" });
    ana.post("/v1/admin/users").json(&body).send().await.problem(403, "forbidden");
    assert_eq!(n_users(&stack).await, n_before);
    let made = eva.post("/v1/admin/users").json(&body).send().await;
    let location = made.header("location").to_owned();
    let made = made.ok(201);
    assert_eq!(location, format!("/v1/admin/users/{}", made["id"].as_str().unwrap()));
    assert_eq!(eva.get(&location).send().await.ok(200), made);
    assert_eq!(n_users(&stack).await, n_before + 1);
    assert_eq!(stack.log_in(&resources.phone).await.id, made["id"].as_str().unwrap());
}

#[tokio::test]
async fn a_new_user_is_as_requested() {
    let stack = Stack::start().await;
    let eva = stack.admin("Eva").await;
    let body = json!({
        "phone": "57 300 765-4321", "name": "  Ivo ", "role": "admin", "locale": "en",
    });
    let made = eva.post("/v1/admin/users").json(&body).send().await.ok(201);
    for (field, value) in [
        ("phone", json!("+573007654321")),
        ("name", json!("Ivo")),
        ("role", json!("admin")),
        ("locale", json!("en")),
        ("active", json!(true)),
    ] {
        assert_eq!(made[field], value, "{field}");
    }
    let taken = json!({ "phone": "+573007654321", "name": "Otra" });
    eva.post("/v1/admin/users").json(&taken).send().await.problem(409, "phone-taken");
    for (body, place, rule) in [
        (json!({ "name": "X" }), "/phone", "required"),
        (json!({ "phone": "+573007654322" }), "/name", "required"),
        (json!({ "phone": "123", "name": "X" }), "/phone", "phone-length"),
        (json!({ "phone": "+0000000000", "name": "X" }), "/phone", "phone-length"),
        (json!({ "phone": "abc", "name": "X" }), "/phone", "phone"),
        (json!({ "phone": "+573007654322", "name": " " }), "/name", "name"),
        (json!({ "phone": "+573007654322", "name": "X", "locale": "fr" }), "/locale", "language"),
        (json!({ "phone": "+573007654322", "name": "X", "role": "owner" }), "/role", "wrong-value"),
        (json!({ "phone": "+573007654322", "name": "X", "role": null }), "/role", "wrong-type"),
        (
            json!({ "phone": "+573007654322", "name": "X", "is_admin": 1 }),
            "/is_admin",
            "unknown-field",
        ),
    ] {
        let refused = eva.post("/v1/admin/users").json(&body).send().await;
        assert_eq!(refused.invalid(), (place.to_owned(), rule.to_owned()), "{body}");
    }
    assert_eq!(names(&eva, "").await, ["Ivo", "Eva"]);
}

#[tokio::test]
async fn users_are_listed_searched_and_filtered() {
    let stack = Stack::start().await;
    let eva = stack.admin("Eva").await;
    for (name, phone) in
        [("Ana María", "+573001110001"), ("Benito", "+573001110002"), ("Mariana", "+573001110003")]
    {
        stack.add_participant(name, phone).await;
    }
    let shut = "update users set is_active = false where name = 'Benito'";
    stack.database.execute(shut).await;
    for (query, expected) in [
        ("", vec!["Mariana", "Benito", "Ana María", "Eva"]),
        ("q=mar", vec!["Mariana", "Ana María"]),
        ("q=MAR%C3%8DA", vec!["Ana María"]),
        ("q=1110002", vec!["Benito"]),
        ("q=%2B57%20300%20111%200003", vec!["Mariana"]),
        ("q=nadie", vec![]),
        ("q=%00", vec![]),
        ("q=%25", vec![]),
        ("active=false", vec!["Benito"]),
        ("active=true&q=mar", vec!["Mariana", "Ana María"]),
        ("role=admin", vec!["Eva"]),
        ("role=participant&active=true", vec!["Mariana", "Ana María"]),
    ] {
        assert_eq!(names(&eva, query).await, expected, "{query}");
        let counted = eva.get(format!("/v1/admin/users?{query}&count=true&limit=1"));
        let counted = counted.send().await.ok(200);
        assert_eq!(counted["total"], expected.len(), "{query}");
    }
    let plain = eva.get("/v1/admin/users").send().await.ok(200);
    assert_eq!(plain["total"], Value::Null);
    let first = eva.get("/v1/admin/users?limit=3&count=true").send().await;
    assert!(first.header("link").ends_with(">; rel=\"next\""));
    let cursor = first.ok(200)["next_cursor"].as_str().unwrap().to_owned();
    assert_eq!(names(&eva, &format!("limit=3&cursor={cursor}")).await, ["Eva"]);
    for (query, place, rule) in [
        ("active=si", "/active", "wrong-value"),
        ("role=owner", "/role", "wrong-value"),
        ("count=1", "/count", "wrong-value"),
        ("is_admin=true", "/is_admin", "unknown-field"),
        ("limit=101", "/limit", "limit"),
    ] {
        let refused = eva.get(format!("/v1/admin/users?{query}")).send().await;
        assert_eq!(refused.invalid(), (place.to_owned(), rule.to_owned()), "{query}");
    }
}

#[tokio::test]
async fn an_update_requires_the_current_etag() {
    let stack = Stack::start().await;
    let (ana, eva) = (stack.participant("Ana").await, stack.admin("Eva").await);
    let at = user_path(&ana);
    let read = eva.get(&at).send().await;
    let tag = read.header("etag").to_owned();
    let body = json!({ "name": "Ana María", "locale": "en" });

    let without = eva.patch(&at).json(&body).send().await;
    without.problem(428, "precondition-required");
    let changed = eva.patch(&at).header("if-match", &tag).json(&body).send().await;
    let newer = changed.header("etag").to_owned();
    let changed = changed.ok(200);
    assert_eq!((&changed["name"], &changed["locale"]), (&json!("Ana María"), &json!("en")));
    assert_eq!(eva.get(&at).send().await.header("etag"), newer);
    for stale in [tag.as_str(), "\"x\"", &format!("W/{newer}")] {
        let late = eva.patch(&at).header("if-match", stale).json(&json!({ "active": false }));
        late.send().await.problem(412, "precondition-failed");
    }
    for (body, place, rule) in [
        (json!({ "phone": "123" }), "/phone", "phone-length"),
        (json!({ "phone": null }), "/phone", "wrong-type"),
        (json!({ "is_admin": true }), "/is_admin", "unknown-field"),
        (json!({ "active": null }), "/active", "wrong-type"),
        (json!({ "active": "no" }), "/active", "wrong-type"),
        (json!({ "role": "owner" }), "/role", "wrong-value"),
        (json!({ "name": "" }), "/name", "name"),
        (json!({ "locale": "fr" }), "/locale", "language"),
    ] {
        let refused = eva.patch(&at).header("if-match", "*").json(&body).send().await;
        assert_eq!(refused.invalid(), (place.to_owned(), rule.to_owned()), "{body}");
    }
    assert_eq!(eva.get(&at).send().await.ok(200), changed);
    // A new name or language ends no session.
    assert_eq!(ana.get("/v1/me").send().await.ok(200)["name"], "Ana María");
    let nobody = format!("/v1/admin/users/{MISSING_ID}");
    eva.get(&nobody).send().await.problem(404, "not-found");
    let gone = eva.patch(&nobody).header("if-match", "*").json(&body).send().await;
    gone.problem(404, "not-found");
}

#[tokio::test]
async fn a_deactivated_user_is_logged_out_at_once() {
    let stack = Stack::start().await;
    let (ana, eva) = (stack.participant("Ana").await, stack.admin("Eva").await);
    let laptop = stack.log_in(&ana.phone).await;

    let shut = update_user(&eva, &user_path(&ana), &json!({ "active": false })).await.ok(200);

    assert_eq!(shut["active"], false);
    for device in [&ana, &laptop] {
        device.get("/v1/me").send().await.problem(401, "unauthenticated");
        device
            .patch("/v1/me")
            .json(&json!({ "name": "Yo" }))
            .send()
            .await
            .problem(401, "unauthenticated");
    }
    let body = json!({ "otp_id": stack.challenge(&ana.phone).await, "code": CODE });
    let refused = stack.client.post("/v1/auth/sessions").json(&body).send().await;
    refused.problem(401, "code-invalid");
    // Reactivated, she logs in again; the old sessions stay ended.
    update_user(&eva, &user_path(&ana), &json!({ "active": true })).await.ok(200);
    ana.get("/v1/me").send().await.problem(401, "unauthenticated");
    assert_eq!(stack.log_in(&ana.phone).await.id, ana.id);
}

#[tokio::test]
async fn open_streams_end_when_the_user_is_deactivated() {
    let stack = Stack::start().await;
    let eva = stack.admin("Eva").await;
    for is_written_here in [true, false] {
        let ana = stack.participant(if is_written_here { "Ana" } else { "Ada" }).await;
        let at = ana.start_conversation("uno").await;
        let posted = ana.post_message(&at, "hola").await;
        let target = format!("/v1/responses/{}/events", posted["response"]["id"].as_str().unwrap());
        let mut events = ana.get(&target).events().await;
        let mut reply = None;
        if is_written_here {
            let reply = reply.insert(stack.claim_reply().await);
            reply.push(ReplyEvent::Delta("Bue".to_owned()));
            assert_eq!(events.next().await.unwrap().name, "response.created");
            assert_eq!(events.next().await.unwrap().name, "delta");
        }

        update_user(&eva, &user_path(&ana), &json!({ "active": false })).await.ok(200);

        let rest = events.rest().await;
        let names: Vec<_> = rest.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["unauthenticated"], "written here: {is_written_here}");
        drop(reply);
    }
}

#[tokio::test]
async fn a_new_role_requires_a_new_login() {
    let stack = Stack::start().await;
    let (ana, eva) = (stack.participant("Ana").await, stack.admin("Eva").await);
    ana.get("/v1/admin/users").send().await.problem(403, "forbidden");

    update_user(&eva, &user_path(&ana), &json!({ "role": "admin" })).await.ok(200);
    ana.get("/v1/me").send().await.problem(401, "unauthenticated");
    let ana = stack.log_in(&ana.phone).await;
    assert_eq!(ana.get("/v1/me").send().await.ok(200)["role"], "admin");
    ana.get("/v1/admin/users").send().await.ok(200);

    update_user(&eva, &user_path(&ana), &json!({ "role": "participant" })).await.ok(200);
    ana.get("/v1/admin/users").send().await.problem(401, "unauthenticated");
    let ana = stack.log_in(&ana.phone).await;
    ana.get("/v1/admin/users").send().await.problem(403, "forbidden");
    // The same role is no change, and ends nothing.
    update_user(&eva, &user_path(&ana), &json!({ "role": "participant" })).await.ok(200);
    ana.get("/v1/me").send().await.ok(200);
}

#[tokio::test]
async fn an_admin_ends_all_sessions_of_a_user() {
    let stack = Stack::start().await;
    let (ana, ben) = (stack.participant("Ana").await, stack.participant("Ben").await);
    let (eva, laptop) = (stack.admin("Eva").await, stack.log_in(&ana.phone).await);
    let target = format!("{}/sessions", user_path(&ana));
    assert_eq!(eva.delete(&target).send().await.status.as_u16(), 204);
    for device in [&ana, &laptop] {
        device.get("/v1/me").send().await.problem(401, "unauthenticated");
    }
    for other in [&ben, &eva, &stack.log_in(&ana.phone).await] {
        other.get("/v1/me").send().await.ok(200);
    }
    let missing = format!("/v1/admin/users/{MISSING_ID}/sessions");
    eva.delete(&missing).send().await.problem(404, "not-found");
}
