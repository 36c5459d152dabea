//! Nobody administers their own account, and somebody is always left who administers.

use serde_json::json;

use super::account;
use crate::client::Answer;
use crate::stack::Stack;
use crate::users::User;

/// What `app.require_admin_left` takes before it looks who is left.
const LOCK: &str = "x'1647ac11'::integer";
/// More looks than any machine needs until two requests wait.
const MOST_LOOKS: usize = 20_000;

#[tokio::test]
async fn nobody_changes_their_own_flags() {
    let stack = Stack::start().await;
    let (ana, eva) = (stack.participant("Ana").await, stack.admin("Eva").await);
    let _ivo = stack.admin("Ivo").await;
    let before = stack.everything().await;
    for person in [&ana, &eva] {
        for field in ["is_admin", "is_active", "role", "active", "phone"] {
            let refused = person.patch("/v1/me").json(&json!({ field: true })).send().await;
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
        let own = eva.patch(account(&eva)).header("if-match", "*").json(&change).send().await;
        own.problem(409, "own-account");
    }
    let own = eva.delete(account(&eva)).header("if-match", "*").send().await;
    own.problem(409, "own-account");
    assert_eq!(stack.everything().await, before);
}

#[tokio::test]
async fn the_last_admin_stays() {
    let stack = Stack::start().await;
    let eva = stack.admin("Eva").await;
    for change in [json!({ "role": "participant" }), json!({ "active": false })] {
        let last = eva.patch(account(&eva)).header("if-match", "*").json(&change).send().await;
        assert_eq!(last.status.as_u16(), 409);
    }
    assert_eq!(eva.get("/v1/me").send().await.ok(200)["role"], "admin");
}

async fn dismiss(admin: &User, other: &User) -> Answer {
    let call = admin.patch(account(other)).header("if-match", "*");
    call.json(&json!({ "role": "participant" })).send().await
}

/// Two who dismiss each other in the same moment: one of them is too late.
#[tokio::test]
async fn two_admins_cannot_dismiss_each_other() {
    let stack = Stack::start().await;
    let (eva, ivo) = (stack.admin("Eva").await, stack.admin("Ivo").await);
    let database = &stack.database;
    database.execute(&format!("select pg_advisory_lock({LOCK})")).await;
    let release = async {
        let waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted
              and database = (select oid from pg_database where datname = current_database())";
        let mut n_looks = 0;
        while database.query_i64(waiting).await < 2 {
            n_looks += 1;
            assert!(n_looks < MOST_LOOKS, "both should wait for the same lock");
        }
        database.execute(&format!("select pg_advisory_unlock({LOCK})")).await;
    };

    let (one, other, ()) = tokio::join!(dismiss(&eva, &ivo), dismiss(&ivo, &eva), release);

    let (good, late) = if one.status.is_success() { (one, other) } else { (other, one) };
    good.ok(200);
    late.problem(409, "last-admin");
    let left = "select count(*) from users where is_admin and is_active";
    assert_eq!(database.query_i64(left).await, 1);
}
