//! Requests that make something may come again: `Idempotency-Key`.

use serde_json::{Value, json};

use crate::client::file_part;
use crate::stack::Stack;

#[tokio::test]
async fn twenty_equal_posts_at_once_are_one_turn() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let at = ana.starts("uno").await;
    let body = json!({ "content": "hola" });
    let path = format!("{at}/messages");
    let calls =
        (0..20).map(|_| ana.post(&path).header("idempotency-key", "k-1").json(&body).send());
    let answers = futures_util::future::join_all(calls).await;
    let replayed = answers.iter().filter(|it| it.headers.contains_key("idempotency-replayed"));
    assert_eq!(replayed.count(), 19);
    let first = answers[0].body.clone();
    let location = answers[0].header("location").to_owned();
    for answer in answers {
        assert_eq!(answer.body, first);
        assert_eq!(answer.header("location"), location);
        answer.ok(201);
    }
    assert_eq!(ana.get(&at).send().await.ok(200)["message_count"], 2);

    // The reply has ended meanwhile: the answer is still the first one, and its stream goes on.
    stack.answer_with("listo").await;
    let again = ana.post(&path).header("idempotency-key", "\"k-1\"").json(&body).send().await;
    assert_eq!(again.body, first);
    let stream = ana.post(&path).header("idempotency-key", "k-1").json(&body);
    let events = stream.events().await.rest().await;
    assert_eq!(events.last().unwrap().name, "response.completed");
    assert_eq!(ana.get(&at).send().await.ok(200)["message_count"], 2);
}

#[tokio::test]
async fn a_key_stands_for_one_request_of_one_person() {
    let stack = Stack::start().await;
    let (ana, ben) = (stack.participant("Ana").await, stack.participant("Ben").await);
    let start = |title: &str| json!({ "title": title });
    let first = ana.post("/v1/conversations").header("idempotency-key", "k").json(&start("uno"));
    let first = first.send().await.ok(201);

    let other = ana.post("/v1/conversations").header("idempotency-key", "k").json(&start("dos"));
    other.send().await.problem(422, "idempotency-key-reused");
    let elsewhere = ana.post("/v1/conversations?x=1").header("idempotency-key", "k");
    let elsewhere = elsewhere.json(&start("uno")).unchecked().send().await;
    assert_eq!(elsewhere.status.as_u16(), 422);
    let hers = ben.post("/v1/conversations").header("idempotency-key", "k").json(&start("uno"));
    assert_ne!(hers.send().await.ok(201)["id"], first["id"]);
    let new = ana.post("/v1/conversations").header("idempotency-key", "k2").json(&start("uno"));
    assert_ne!(new.send().await.ok(201)["id"], first["id"]);

    for bad in ["", "two words", &"x".repeat(256)] {
        let refused = ana.post("/v1/conversations").header("idempotency-key", bad);
        refused.json(&start("uno")).send().await.problem(400, "malformed");
    }
}

#[tokio::test]
async fn a_refused_request_is_tried_anew_and_a_key_ends_after_a_day() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let at = ana.starts("uno").await;
    let running = ana.says(&at, "uno").await;
    let post = || {
        let call = ana.post(format!("{at}/messages")).header("idempotency-key", "k");
        call.json(&json!({ "content": "dos" }))
    };
    post().send().await.problem(409, "response-running");
    stack.answer_with("listo").await;
    let posted = post().send().await.ok(201);
    assert_ne!(posted["response"]["id"], running["response"]["id"]);
    assert_eq!(post().send().await.ok(201), posted);

    stack.answer_with("listo").await;
    let age = "update idempotency_keys set created_at = now() - interval '25 hours'";
    stack.database.execute(age).await;
    assert_ne!(post().send().await.ok(201)["message"]["id"], posted["message"]["id"]);
}

#[tokio::test]
async fn an_upload_may_come_again() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let upload = |key: &str, text: &str| {
        let parts = [file_part("notas.txt", "text/plain", text.as_bytes())];
        ana.post("/v1/files").header("idempotency-key", key).form(&parts)
    };
    let first = upload("k", "hola").send().await.ok(201);
    let again = upload("k", "hola").send().await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.ok(201), first);
    upload("k", "hola, pero otra cosa").send().await.problem(422, "idempotency-key-reused");
    assert_eq!(stack.store.keys().len(), 1);

    // What was refused leaves the key free.
    let wrong = [file_part("notas.pdf", "application/pdf", b"no PDF at all")];
    let refused = ana.post("/v1/files").header("idempotency-key", "k2").form(&wrong).send().await;
    refused.problem(415, "unsupported-media-type");
    upload("k2", "hola").send().await.ok(201);

    // While one is under way, an equal one is told so.
    stack.database.execute("update idempotency_keys set status = null, body = null").await;
    let wait = upload("k", "hola").send().await;
    assert_eq!(wait.header("retry-after"), "1");
    wait.problem(409, "request-under-way");
    let long_ago = "update idempotency_keys set locked_until = now() - interval '1 second'";
    stack.database.execute(long_ago).await;
    assert_ne!(upload("k", "hola").send().await.ok(201)["id"], first["id"]);
}

#[tokio::test]
async fn an_admins_account_is_made_once() {
    let stack = Stack::start().await;
    let ada = stack.admin("Ada").await;
    let make = || {
        let body = json!({ "phone": "+57 300 111 2233", "name": "Nueva" });
        ada.post("/v1/admin/users").header("idempotency-key", "k").json(&body)
    };
    let first = make().send().await.ok(201);
    assert_eq!(make().send().await.ok(201), first);
    let other = json!({ "phone": "+57 300 111 2244", "name": "Nueva" });
    let other = ada.post("/v1/admin/users").header("idempotency-key", "k").json(&other);
    other.send().await.problem(422, "idempotency-key-reused");
}

#[tokio::test]
async fn what_was_answered_goes_with_its_conversation() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let at = ana.starts("uno").await;
    let body = json!({ "content": "un secreto" });
    let post = || ana.post(format!("{at}/messages")).header("idempotency-key", "k").json(&body);
    let posted: Value = post().send().await.ok(201);
    assert_eq!(posted["message"]["content"], "un secreto");
    assert_eq!(ana.delete(&at).send().await.status.as_u16(), 204);
    let left = "select count(*)::text from idempotency_keys";
    assert_eq!(stack.database.query_text(left).await, "0");
    post().send().await.problem(404, "not-found");
}
