//! Cancelling a response.

use futures_util::FutureExt as _;
use ignacio_domain::reply::ReplyEvent;
use ignacio_domain::response::ReplyOutcome;
use ignacio_domain::usage::UsageCost;
use serde_json::json;

use crate::stack::Stack;

#[tokio::test]
async fn a_cancellation_reaches_the_worker_of_this_process() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let conversation = ana.start_conversation("uno").await;
    let posted = ana.post_message(&conversation, "hola").await;
    let id = posted["response"]["id"].as_str().unwrap();
    let cancel = format!("/v1/responses/{id}/cancel");
    let mut reply = stack.claim_reply().await;
    reply.push(ReplyEvent::Delta("Bue".to_owned()));

    let response = ana.post(&cancel).send().await.ok(202);

    assert_eq!((&response["id"], &response["state"]), (&json!(id), &json!("running")));
    let told = stack.hub.next_cancelled().now_or_never().unwrap();
    assert_eq!(told.to_string(), id);
    let wishes = stack.worker.reply_jobs().cancelled().await.unwrap();
    assert_eq!(wishes, [told], "the workers of other processes find it");
    assert!(reply.end(ReplyOutcome::Cancelled, UsageCost::Nothing).await.unwrap());

    // A response that has ended stays as it is.
    let before = stack.table_digests().await;
    assert_eq!(ana.post(&cancel).send().await.ok(202)["state"], "cancelled");
    assert_eq!(stack.table_digests().await, before);
    let message = format!("/v1/messages/{}", posted["reply"]["id"].as_str().unwrap());
    assert_eq!(ana.get(&message).send().await.ok(200)["content"], "Bue");
    ana.post_message(&conversation, "otra vez").await;
}

#[tokio::test]
async fn another_users_reply_cannot_be_cancelled() {
    let stack = Stack::start().await;
    let (ana, ben) = (stack.participant("Ana").await, stack.participant("Ben").await);
    let conversation = ana.start_conversation("uno").await;
    let posted = ana.post_message(&conversation, "hola").await;
    let id = posted["response"]["id"].as_str().unwrap();
    ben.post(format!("/v1/responses/{id}/cancel")).send().await.problem(404, "not-found");
    assert!(stack.hub.next_cancelled().now_or_never().is_none());
    assert_eq!(stack.worker.reply_jobs().cancelled().await.unwrap(), []);
}
