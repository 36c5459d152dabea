//! Feedback on replies.

use serde_json::{Value, json};

use crate::stack::Stack;

fn feedback_of(message: &Value) -> String {
    format!("/v1/messages/{}/feedback", message["id"].as_str().unwrap())
}

#[tokio::test]
async fn feedback_is_put_changed_and_withdrawn() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let conversation = ana.start_conversation("uno").await;
    let reply = ana.post_message(&conversation, "hola").await["reply"].clone();
    stack.complete_reply("buenas").await;
    let at = feedback_of(&reply);
    ana.delete(&at).send().await.problem(404, "not-found");

    let body = json!({ "rating": "down", "reason": "  Muy corto\n" });
    let rated = ana.put(&at).json(&body).send().await.ok(200);

    assert_eq!(rated, json!({ "rating": "down", "reason": "Muy corto" }));
    let listed = ana.get(format!("{conversation}/messages")).send().await.ok(200);
    assert_eq!(listed["data"][0]["feedback"], rated);
    assert_eq!(listed["data"][1]["feedback"], Value::Null);
    let rated = ana.put(&at).json(&json!({ "rating": "up" })).send().await.ok(200);
    assert_eq!(rated, json!({ "rating": "up", "reason": null }));
    let single = format!("/v1/messages/{}", reply["id"].as_str().unwrap());
    assert_eq!(ana.get(&single).send().await.ok(200)["feedback"], rated);

    assert_eq!(ana.delete(&at).send().await.status.as_u16(), 204);
    assert_eq!(ana.get(&single).send().await.ok(200)["feedback"], Value::Null);
    ana.delete(&at).send().await.problem(404, "not-found");
}

#[tokio::test]
async fn only_an_ended_reply_takes_feedback_within_the_limits() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let conversation = ana.start_conversation("uno").await;
    let posted = ana.post_message(&conversation, "hola").await;
    let good = json!({ "rating": "up" });
    for message in [&posted["reply"], &posted["message"]] {
        let refused = ana.put(feedback_of(message)).json(&good).send().await;
        assert_eq!(refused.invalid(), ("/rating".to_owned(), "ended-reply".to_owned()));
    }
    stack.complete_reply("buenas").await;
    let at = feedback_of(&posted["reply"]);
    for (body, place, rule) in [
        (json!({ "rating": "meh" }), "/rating", "wrong-value"),
        (json!({ "rating": { "up": true } }), "/rating", "wrong-type"),
        (json!({ "reason": "x" }), "/rating", "required"),
        (json!({ "rating": "up", "reason": " " }), "/reason", "feedback-reason"),
        (json!({ "rating": "up", "reason": "\u{0}" }), "/reason", "feedback-reason"),
        (json!({ "rating": "up", "reason": "ñ".repeat(1001) }), "/reason", "feedback-reason"),
    ] {
        let refused = ana.put(&at).json(&body).send().await;
        assert_eq!(refused.invalid(), (place.to_owned(), rule.to_owned()), "{body}");
    }
    assert_eq!(stack.database.query_i64("select count(*) from message_feedback").await, 0);
    let longest = json!({ "rating": "up", "reason": "ñ".repeat(1000) });
    ana.put(&at).json(&longest).send().await.ok(200);
}
