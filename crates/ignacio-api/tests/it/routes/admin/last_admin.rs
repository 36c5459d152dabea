//! Admins cannot change themselves, and an active admin always remains.

use serde_json::json;

use super::user_path;
use crate::client::ApiResponse;
use crate::stack::Stack;
use crate::users::User;

/// The lock that `app.require_admin_left` takes before it counts admins.
const LOCK: &str = "x'1647ac11'::integer";
/// More polls than any machine needs until two requests wait.
const MAX_POLLS: usize = 20_000;

#[tokio::test]
async fn admins_cannot_change_their_own_flags() {
    let stack = Stack::start().await;
    let (ana, eva) = (stack.participant("Ana").await, stack.admin("Eva").await);
    let _ivo = stack.admin("Ivo").await;
    let before = stack.table_digests().await;
    for user in [&ana, &eva] {
        for field in ["is_admin", "is_active", "role", "active", "phone"] {
            let refused = user.patch("/v1/me").json(&json!({ field: true })).send().await;
            assert_eq!(refused.invalid(), (format!("/{field}"), "unknown-field".to_owned()));
        }
    }
    for change in [
        json!({ "active": false }),
        json!({ "role": "participant" }),
        json!({ "role": "admin" }),
        json!({ "name": "Yo" }),
        json!({}),
    ] {
        let own = eva.patch(user_path(&eva)).header("if-match", "*").json(&change).send().await;
        own.problem(409, "own-account");
    }
    let own = eva.delete(user_path(&eva)).header("if-match", "*").send().await;
    own.problem(409, "own-account");
    assert_eq!(stack.table_digests().await, before);
}

#[tokio::test]
async fn the_last_admin_stays() {
    let stack = Stack::start().await;
    let eva = stack.admin("Eva").await;
    for change in [json!({ "role": "participant" }), json!({ "active": false })] {
        let last = eva.patch(user_path(&eva)).header("if-match", "*").json(&change).send().await;
        assert_eq!(last.status.as_u16(), 409);
    }
    assert_eq!(eva.get("/v1/me").send().await.ok(200)["role"], "admin");
}

async fn demote(admin: &User, other: &User) -> ApiResponse {
    let call = admin.patch(user_path(other)).header("if-match", "*");
    call.json(&json!({ "role": "participant" })).send().await
}

/// Two admins demote each other at the same moment: one of them is too late.
#[tokio::test]
async fn two_admins_cannot_demote_each_other_at_once() {
    let stack = Stack::start().await;
    let (eva, ivo) = (stack.admin("Eva").await, stack.admin("Ivo").await);
    let database = &stack.database;
    database.execute(&format!("select pg_advisory_lock({LOCK})")).await;
    let release = async {
        let waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted
              and database = (select oid from pg_database where datname = current_database())";
        let mut n_polls = 0;
        while database.query_i64(waiting).await < 2 {
            n_polls += 1;
            assert!(n_polls < MAX_POLLS, "both should wait for the same lock");
        }
        database.execute(&format!("select pg_advisory_unlock({LOCK})")).await;
    };

    let (one, other, ()) = tokio::join!(demote(&eva, &ivo), demote(&ivo, &eva), release);

    let (good, late) = if one.status.is_success() { (one, other) } else { (other, one) };
    good.ok(200);
    late.problem(409, "last-admin");
    let left = "select count(*) from users where is_admin and is_active";
    assert_eq!(database.query_i64(left).await, 1);
}
