//! Sessions: listing and ending them.

use serde_json::Value;

use crate::stack::Stack;
use crate::users::User;

async fn ids(user: &User) -> Vec<String> {
    let listed = user.get("/v1/sessions").send().await.ok(200);
    assert_eq!(listed["next_cursor"], Value::Null);
    let sessions = listed["data"].as_array().unwrap();
    sessions.iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
}

async fn is_logged_in(user: &User) -> bool {
    user.get("/v1/me").send().await.status.as_u16() == 200
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one() {
    let stack = Stack::start().await;
    let phone = stack.participant("Ana").await;
    let laptop = stack.log_in(&phone.phone).await;
    let listed = phone.get("/v1/sessions").send().await.ok(200);
    let current: Vec<_> = listed["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["is_current"] == true)
        .map(|it| it["id"].as_str().unwrap())
        .collect();
    assert_eq!(current, [phone.session.as_str()]);
    assert_eq!(ids(&phone).await.len(), 2);

    let target = format!("/v1/sessions/{}", laptop.session);
    assert_eq!(phone.delete(&target).send().await.status.as_u16(), 204);
    assert!(!is_logged_in(&laptop).await && is_logged_in(&phone).await);
    phone.delete(&target).send().await.problem(404, "not-found");
    assert_eq!(ids(&phone).await, [phone.session.as_str()]);
}

#[tokio::test]
async fn all_other_sessions_can_be_ended_at_once() {
    let stack = Stack::start().await;
    let phone = stack.participant("Ana").await;
    let laptop = stack.log_in(&phone.phone).await;
    let ben = stack.participant("Ben").await;

    let refused = phone.delete("/v1/sessions").send().await;
    assert_eq!(refused.invalid(), ("/except".to_owned(), "required".to_owned()));
    let refused = phone.delete("/v1/sessions?except=none").send().await;
    assert_eq!(refused.invalid(), ("/except".to_owned(), "wrong-value".to_owned()));
    assert!(is_logged_in(&laptop).await);

    let ended = phone.delete("/v1/sessions?except=current").send().await;
    assert_eq!(ended.status.as_u16(), 204);
    assert!(!is_logged_in(&laptop).await);
    assert!(is_logged_in(&phone).await && is_logged_in(&ben).await);
}

#[tokio::test]
async fn logging_out_ends_this_session_only() {
    let stack = Stack::start().await;
    let phone = stack.participant("Ana").await;
    let laptop = stack.log_in(&phone.phone).await;
    assert_eq!(phone.delete("/v1/sessions/current").send().await.status.as_u16(), 204);
    phone.delete("/v1/sessions/current").send().await.problem(401, "unauthenticated");
    assert!(is_logged_in(&laptop).await);
}
