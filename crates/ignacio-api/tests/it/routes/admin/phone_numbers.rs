//! A new number for a user: what ends with the old one, and who is notified.

use serde_json::{Value, json};

use super::{update_user, user_path};
use crate::stack::Stack;
use crate::users::{CODE, User};

const NEW: &str = "+573007654321";

async fn phone_change_notices(stack: &Stack, of: &str) -> Vec<Option<String>> {
    let read = format!(
        "select phone_number from outbox where kind = 'phone_changed' and user_id = '{of}'
          order by phone_number"
    );
    stack.database.query_column(&read).await
}

async fn n_devices(stack: &Stack, user: &User) -> i64 {
    let read = format!("select count(*) from known_devices where user_id = '{}'", user.id);
    stack.database.query_i64(&read).await
}

/// The status of a login with this number.
async fn log_in(stack: &Stack, phone: &str) -> u16 {
    let body = json!({ "otp_id": stack.challenge(phone).await, "code": CODE });
    let call = stack.client.post("/v1/auth/sessions").json(&body);
    call.send().await.status.as_u16()
}

#[tokio::test]
async fn a_new_number_ends_all_sessions_of_the_old_one() {
    let stack = Stack::start().await;
    let (ana, eva) = (stack.participant("Ana").await, stack.admin("Eva").await);
    let (ben, laptop) = (stack.participant("Ben").await, stack.log_in(&ana.phone).await);
    let open = stack.challenge(&ana.phone).await;
    let others = stack.challenge(&ben.phone).await;
    assert_eq!(n_devices(&stack, &ana).await, 2);

    let changed = update_user(&eva, &user_path(&ana), &json!({ "phone": "57 300 765-4321" })).await;

    assert_eq!(changed.ok(200)["phone"], NEW);
    for device in [&ana, &laptop] {
        device.get("/v1/me").send().await.problem(401, "unauthenticated");
    }
    let body = json!({ "otp_id": open, "code": CODE });
    let refused = stack.client.post("/v1/auth/sessions").json(&body).send().await;
    refused.problem(401, "code-invalid");
    let voided = format!(
        "select (used_at is not null and redeemed_at is null and attempts = 0)::int
           from otp_codes where id = '{open}'"
    );
    assert_eq!(stack.database.query_i64(&voided).await, 1);
    assert_eq!((n_devices(&stack, &ana).await, n_devices(&stack, &ben).await), (0, 1));
    let told = [ana.phone.clone(), NEW.to_owned()].map(Some);
    let mut sorted = told.clone();
    sorted.sort();
    assert_eq!(phone_change_notices(&stack, &ana.id).await, sorted);
    stack.database.execute("delete from outbox where kind <> 'code'").await;
    // The old number is nobody's now, the new one is hers.
    assert_eq!(log_in(&stack, &ana.phone).await, 401);
    assert_eq!(stack.log_in(NEW).await.id, ana.id);
    // Other users are not affected.
    ben.get("/v1/me").send().await.ok(200);
    let body = json!({ "otp_id": others, "code": CODE });
    stack.client.post("/v1/auth/sessions").json(&body).send().await.ok(201);
    let noted = format!(
        "select detail->>'changed' from audit_events
          where action = 'user.changed' and subject_id = '{}'",
        ana.id
    );
    assert_eq!(stack.database.query_text(&noted).await, "[\"phone\"]");
}

#[tokio::test]
async fn a_taken_or_unchanged_number_changes_nothing() {
    let stack = Stack::start().await;
    let (ana, eva) = (stack.participant("Ana").await, stack.admin("Eva").await);
    let open = stack.challenge(&ana.phone).await;
    let tag = eva.get(user_path(&ana)).send().await.header("etag").to_owned();
    let before = stack.table_digests().await;

    let call = eva.patch(user_path(&ana)).header("if-match", &tag);
    let taken = call.json(&json!({ "phone": eva.phone })).send().await;
    taken.problem(409, "phone-taken");
    assert_eq!(stack.table_digests().await, before);

    let same = update_user(&eva, &user_path(&ana), &json!({ "phone": ana.phone })).await.ok(200);
    assert_eq!(same["phone"], ana.phone.as_str());
    assert_eq!(phone_change_notices(&stack, &ana.id).await, []);
    assert_eq!(n_devices(&stack, &ana).await, 1);
    ana.get("/v1/me").send().await.ok(200);
    let body = json!({ "otp_id": open, "code": CODE });
    stack.client.post("/v1/auth/sessions").json(&body).send().await.ok(201);
}

#[tokio::test]
async fn an_invalid_stored_number_is_shown_as_null_and_can_be_corrected() {
    let stack = Stack::start().await;
    let (ana, eva) = (stack.participant("Ana").await, stack.admin("Eva").await);
    let add = "insert into users (phone_number, name) values ('+0123', 'Vieja') returning id";
    let id = stack.database.query_text(add).await;
    let target = format!("/v1/admin/users/{id}");
    let shown = eva.get(&target).send().await.ok(200);
    assert_eq!((&shown["phone"], &shown["name"]), (&Value::Null, &json!("Vieja")));
    let none = json!({ "failures": 0, "paused_until": null, "is_locked": false });
    let failures = format!("{target}/login-failures");
    assert_eq!(eva.get(&failures).send().await.ok(200), none);
    assert_eq!(eva.delete(&failures).send().await.status.as_u16(), 204);

    let taken = update_user(&eva, &target, &json!({ "phone": ana.phone })).await;
    taken.problem(409, "phone-taken");
    let corrected = update_user(&eva, &target, &json!({ "phone": NEW })).await.ok(200);
    assert_eq!(corrected["phone"], NEW);
    // The number before was invalid, so it cannot be notified.
    assert_eq!(phone_change_notices(&stack, &id).await, [Some(NEW.to_owned())]);
    stack.database.execute("delete from outbox where kind <> 'code'").await;
    assert_eq!(stack.log_in(NEW).await.id, id);
}

#[tokio::test]
async fn deactivation_and_ended_sessions_forget_known_devices() {
    let stack = Stack::start().await;
    let (ana, ben) = (stack.participant("Ana").await, stack.participant("Ben").await);
    let eva = stack.admin("Eva").await;
    let open = stack.challenge(&ana.phone).await;
    update_user(&eva, &user_path(&ana), &json!({ "name": "Otra" })).await.ok(200);
    assert_eq!(n_devices(&stack, &ana).await, 1);

    update_user(&eva, &user_path(&ana), &json!({ "active": false })).await.ok(200);
    assert_eq!(n_devices(&stack, &ana).await, 0);
    update_user(&eva, &user_path(&ana), &json!({ "active": true })).await.ok(200);
    // A code from before the deactivation stays void.
    let body = json!({ "otp_id": open, "code": CODE });
    let refused = stack.client.post("/v1/auth/sessions").json(&body).send().await;
    refused.problem(401, "code-invalid");

    let ended = eva.delete(format!("{}/sessions", user_path(&ben))).send().await;
    assert_eq!(ended.status.as_u16(), 204);
    assert_eq!((n_devices(&stack, &ben).await, n_devices(&stack, &eva).await), (0, 1));
}
