//! New versions of the last turn: regenerated replies, edited questions, and how earlier versions are
//! shown.

use serde_json::{Value, json};

use crate::stack::Stack;
use crate::users::User;

fn at(message: &Value) -> String {
    format!("/v1/messages/{}", message["id"].as_str().unwrap())
}

impl User {
    /// A conversation's messages, the oldest first.
    async fn list_messages(&self, conversation: &str, query: &str) -> Vec<Value> {
        let page = self.get(format!("{conversation}/messages{query}")).send().await.ok(200);
        page["data"].as_array().unwrap().iter().rev().cloned().collect()
    }
}

fn contents(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|it| it["content"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_last_reply_is_regenerated_in_place() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let conversation = ana.start_conversation("uno").await;
    let first = ana.post_message(&conversation, "hola").await["reply"].clone();
    stack.complete_reply("buenas").await;

    let response = ana.post(format!("{}/responses", at(&first))).send().await;

    let location = response.header("location").to_owned();
    let regenerated = response.ok(201);
    assert_eq!(location, at(&regenerated["reply"]));
    assert_eq!(regenerated.get("message"), None);
    let reply = &regenerated["reply"];
    assert_eq!((&reply["version"], &reply["replaces_id"]), (&json!(2), &first["id"]));
    assert_eq!((&reply["status"], &reply["content"]), (&json!("pending"), &json!("")));
    assert_eq!(reply["response_id"], regenerated["response"]["id"]);
    stack.complete_reply("muy buenas").await;
    assert_eq!(contents(&ana.list_messages(&conversation, "").await), ["hola", "muy buenas"]);
    let all = ana.list_messages(&conversation, "?versions=all").await;
    assert_eq!(contents(&all), ["hola", "buenas", "muy buenas"]);
    let replaced: Vec<_> = all.iter().map(|it| it["replaced_at"].is_string()).collect();
    assert_eq!(replaced, [false, true, false]);
    assert_eq!(ana.list_messages(&conversation, "?versions=current").await.len(), 2);
    assert_eq!(ana.get(&conversation).send().await.ok(200)["message_count"], 2);
    // Each version can still be read by itself.
    assert_eq!(ana.get(at(&first)).send().await.ok(200)["content"], "buenas");
    let refused = ana.get(format!("{conversation}/messages?versions=old")).send().await;
    assert_eq!(refused.invalid(), ("/versions".to_owned(), "wrong-value".to_owned()));
}

#[tokio::test]
async fn a_question_with_an_incomplete_reply_is_answered_again() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let conversation = ana.start_conversation("uno").await;
    let posted = ana.post_message(&conversation, "hola").await;
    let question = format!("{}/responses", at(&posted["message"]));
    let response = format!("/v1/responses/{}", posted["response"]["id"].as_str().unwrap());
    ana.post(format!("{response}/cancel")).send().await.ok(202);
    stack.fail_all_replies().await;

    let regenerated = ana.post(&question).json(&json!({})).send().await.ok(201);

    assert_eq!(regenerated["reply"]["replaces_id"], posted["reply"]["id"]);
    stack.complete_reply("buenas").await;
    // Now it has one.
    ana.post(&question).send().await.problem(409, "not-the-last");

    // A question imported from the old system may have no reply.
    let id = posted["message"]["conversation_id"].as_str().unwrap();
    let old = format!(
        "insert into messages (user_id, conversation_id, content, message_type, is_from_user, status)
         values ('{}', '{id}', '¿y?', 'text', true, 'complete') returning id",
        ana.id
    );
    let old = stack.database.query_text(&old).await;
    let regenerated = ana.post(format!("/v1/messages/{old}/responses")).send().await.ok(201);
    assert_eq!(regenerated["reply"]["version"], 1);
    assert_eq!(regenerated["reply"]["replaces_id"], Value::Null);
    stack.complete_reply("listo").await;
    let now = ana.list_messages(&conversation, "").await;
    assert_eq!(contents(&now), ["hola", "buenas", "¿y?", "listo"]);
    assert_eq!(ana.get(&conversation).send().await.ok(200)["message_count"], 4);
}

#[tokio::test]
async fn the_last_question_is_edited() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let conversation = ana.start_conversation("uno").await;
    ana.post_message(&conversation, "uno").await;
    stack.complete_reply("1").await;
    let posted = ana.post_message(&conversation, "dso").await;
    stack.complete_reply("¿dso?").await;
    let file = ana.upload_file("plan.txt", b"hola").await;
    let versions = format!("{}/versions", at(&posted["message"]));
    let body = json!({ "content": "dos", "file_ids": [file["id"]] });

    let response = ana.post(&versions).json(&body).send().await;

    let location = response.header("location").to_owned();
    let edited = response.ok(201);
    let message = &edited["message"];
    assert_eq!(location, at(message));
    assert_eq!((&message["version"], &message["author"]), (&json!(2), &json!("person")));
    assert_eq!(message["replaces_id"], posted["message"]["id"]);
    assert_eq!(message["attachments"][0]["id"], file["id"]);
    assert_eq!((&edited["reply"]["version"], &edited["reply"]["content"]), (&json!(1), &json!("")));
    stack.complete_reply("2").await;
    assert_eq!(contents(&ana.list_messages(&conversation, "").await), ["uno", "1", "dos", "2"]);
    let all = ana.list_messages(&conversation, "?versions=all").await;
    assert_eq!(contents(&all), ["uno", "1", "dso", "¿dso?", "dos", "2"]);
    assert_eq!(ana.get(&conversation).send().await.ok(200)["message_count"], 4);
    // The edited question can be edited again; the one before is no longer the last.
    ana.post(&versions).json(&body).send().await.problem(409, "not-the-last");
    let again = ana.post(format!("{location}/versions")).json(&json!({ "content": "tres" }));
    assert_eq!(again.send().await.ok(201)["message"]["version"], 3);
}

#[tokio::test]
async fn only_the_last_turn_can_have_new_versions() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let conversation = ana.start_conversation("uno").await;
    let first = ana.post_message(&conversation, "uno").await;
    stack.complete_reply("1").await;
    let last = ana.post_message(&conversation, "dos").await;
    stack.complete_reply("2").await;
    let body = json!({ "content": "otra" });
    let regenerate = |message: &Value| ana.post(format!("{}/responses", at(message)));
    let edit = |message: &Value| ana.post(format!("{}/versions", at(message))).json(&body);
    let before = stack.table_digests().await;
    for message in [&first["message"], &first["reply"]] {
        regenerate(message).send().await.problem(409, "not-the-last");
        edit(message).send().await.problem(409, "not-the-last");
    }
    regenerate(&last["message"]).send().await.problem(409, "not-the-last");
    let problem = edit(&last["reply"]).send().await.problem(409, "not-the-last");
    assert_eq!(problem["title"], "No es lo último");
    assert_eq!(stack.table_digests().await, before);

    // While a reply runs, its response is named, and nothing is replaced.
    let running = regenerate(&last["reply"]).send().await.ok(201);
    let before = stack.table_digests().await;
    for call in
        [regenerate(&running["reply"]), regenerate(&last["message"]), edit(&last["message"])]
    {
        let problem = call.send().await.problem(409, "response-running");
        assert_eq!(problem["response_id"], running["response"]["id"]);
    }
    assert_eq!(stack.table_digests().await, before);
}

#[tokio::test]
async fn twenty_concurrent_requests_make_one_version() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let conversation = ana.start_conversation("uno").await;
    let posted = ana.post_message(&conversation, "hola").await;
    stack.complete_reply("buenas").await;
    let body = json!({ "content": "otra" });
    let calls = (0..20).map(|number| match number % 2 {
        0 => ana.post(format!("{}/responses", at(&posted["reply"]))).send(),
        _ => ana.post(format!("{}/versions", at(&posted["message"]))).json(&body).send(),
    });
    let answers = futures_util::future::join_all(calls).await;
    assert_eq!(answers.iter().filter(|it| it.status.as_u16() == 201).count(), 1);
    assert!(answers.iter().all(|it| matches!(it.status.as_u16(), 201 | 409)));
    assert_eq!(ana.get(&conversation).send().await.ok(200)["message_count"], 2);
    let n_responses = stack.database.query_i64("select count(*) from responses").await;
    assert_eq!(n_responses, 2);
}

#[tokio::test]
async fn a_new_version_can_stream_its_reply() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let conversation = ana.start_conversation("uno").await;
    let posted = ana.post_message(&conversation, "hola").await;
    stack.complete_reply("buenas").await;
    let events = ana.post(format!("{}/responses", at(&posted["reply"]))).events().await;
    stack.complete_reply("otra").await;
    assert_eq!(events.rest().await.last().unwrap().name, "response.completed");
    let call = ana.post(format!("{}/versions", at(&posted["message"])));
    let events = call.json(&json!({ "content": "adiós" })).events().await;
    stack.complete_reply("chao").await;
    assert_eq!(events.rest().await.last().unwrap().name, "response.completed");
    let html =
        ana.post(format!("{}/responses", at(&posted["reply"]))).header("accept", "text/html");
    html.send().await.problem(406, "not-acceptable");
}

#[tokio::test]
async fn a_new_version_is_checked_like_a_new_message() {
    let stack = Stack::start().await;
    let (ana, ben) = (stack.participant("Ana").await, stack.participant("Ben").await);
    let conversation = ana.start_conversation("uno").await;
    let posted = ana.post_message(&conversation, "hola").await;
    stack.complete_reply("buenas").await;
    let foreign = ben.upload_file("b.txt", b"b").await;
    let versions = format!("{}/versions", at(&posted["message"]));
    let before = stack.table_digests().await;
    for (body, place, rule) in [
        (json!({ "content": " " }), "/content", "blank"),
        (json!({ "content": "x".repeat(32 * 1024 + 1) }), "/content", "too-long"),
        (json!({ "content": "x", "version": 3 }), "/version", "unknown-field"),
        (json!({}), "/content", "required"),
    ] {
        let refused = ana.post(&versions).json(&body).send().await;
        assert_eq!(refused.invalid(), (place.to_owned(), rule.to_owned()), "{body}");
    }
    let body = json!({ "content": "x", "file_ids": [foreign["id"]] });
    let problem = ana.post(&versions).json(&body).send().await.problem(404, "not-found");
    assert_eq!(problem["errors"][0]["pointer"], "/file_ids/0");
    let regenerate = || ana.post(format!("{}/responses", at(&posted["reply"])));
    let refused = regenerate().json(&json!({ "content": "x" })).send().await;
    assert_eq!(refused.invalid(), ("/content".to_owned(), "unknown-field".to_owned()));
    regenerate().bytes("{}").send().await.problem(415, "unsupported-media-type");
    assert_eq!(stack.table_digests().await, before);
}
