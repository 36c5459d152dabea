//! Messages, and the responses that write the replies.

use serde_json::{Value, json};

use crate::stack::Stack;

/// The first bytes of an image.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

#[tokio::test]
async fn a_post_stores_a_message_and_requests_a_reply() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let at = ana.start_conversation("uno").await;
    let call = ana.post(format!("{at}/messages")).json(&json!({ "content": "¿Qué es un MVP?" }));
    let response = call.send().await;
    let location = response.header("location").to_owned();
    let posted = response.ok(201);

    let (message, reply) = (&posted["message"], &posted["reply"]);
    assert_eq!((&message["author"], &message["status"]), (&json!("person"), &json!("complete")));
    assert_eq!((&reply["author"], &reply["status"]), (&json!("ignacio"), &json!("pending")));
    assert_eq!(reply["content"], "");
    let single = ana.get(&location).send().await.ok(200);
    assert_eq!((&single["id"], &single["response"]), (&message["id"], &Value::Null));

    stack.complete_reply("Un producto mínimo.").await;
    let reply = format!("/v1/messages/{}", reply["id"].as_str().unwrap());
    let done = ana.get(&reply).send().await.ok(200);
    assert_eq!(
        (&done["content"], &done["status"]),
        (&json!("Un producto mínimo."), &json!("complete"))
    );
    assert_eq!(done["response"]["state"], "completed");
    assert_eq!(done["response"]["model"], "model-1");
    let response = format!("/v1/responses/{}", done["response_id"].as_str().unwrap());
    assert_eq!(ana.get(&response).send().await.ok(200), done["response"]);
}

#[tokio::test]
async fn a_conversation_has_one_running_reply_at_a_time() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let at = ana.start_conversation("uno").await;
    let first = ana.post_message(&at, "uno").await;

    let body = json!({ "content": "dos" });
    let refused = ana.post(format!("{at}/messages")).json(&body).send().await;
    let problem = refused.problem(409, "response-running");
    assert_eq!(problem["response_id"], first["response"]["id"]);

    stack.complete_reply("listo").await;
    ana.post_message(&at, "dos").await;
}

#[tokio::test]
async fn twenty_concurrent_posts_store_one_message() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let at = ana.start_conversation("uno").await;
    let body = json!({ "content": "hola" });
    let calls = (0..20).map(|_| ana.post(format!("{at}/messages")).json(&body).send());
    let answers = futures_util::future::join_all(calls).await;
    let stored = answers.iter().filter(|it| it.status.as_u16() == 201).count();
    assert_eq!(stored, 1);
    for response in answers.into_iter().filter(|it| it.status.as_u16() != 201) {
        response.problem(409, "response-running");
    }
    assert_eq!(ana.get(&at).send().await.ok(200)["message_count"], 2);
}

#[tokio::test]
async fn only_the_owners_files_can_be_attached() {
    let stack = Stack::start().await;
    let (ana, ben) = (stack.participant("Ana").await, stack.participant("Ben").await);
    let at = ana.start_conversation("uno").await;
    let (own, foreign) =
        (ana.upload_file("a.txt", b"a").await, ben.upload_file("b.txt", b"b").await);
    let body = json!({ "content": "mira", "file_ids": [own["id"], foreign["id"], own["id"]] });
    let refused = ana.post(format!("{at}/messages")).json(&body).send().await;
    let problem = refused.problem(404, "not-found");
    assert_eq!(
        problem["errors"],
        json!([{ "pointer": "/file_ids/1", "code": "not-found", "detail": "este archivo no existe" }])
    );
    assert_eq!(ana.get(&at).send().await.ok(200)["message_count"], 0);

    let body = json!({ "content": "mira", "file_ids": [own["id"], own["id"]] });
    let posted = ana.post(format!("{at}/messages")).json(&body).send().await.ok(201);
    assert_eq!(posted["message"]["attachments"].as_array().map(Vec::len), Some(1));
    let many: Vec<_> = (0..21).map(|_| own["id"].clone()).collect();
    let body = json!({ "content": "mira", "file_ids": many });
    let refused = ana.post(format!("{at}/messages")).json(&body).send().await;
    assert_eq!(refused.invalid(), ("/file_ids".to_owned(), "too-many-files".to_owned()));
}

#[tokio::test]
async fn failed_files_are_named_in_the_problem() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let at = ana.start_conversation("uno").await;
    let (good, bad) = (ana.upload_file("a.txt", b"a").await, ana.upload_file("b.txt", b"b").await);
    let picture = ana.upload_file("c.png", PNG).await;
    assert_eq!(picture["sync"]["status"], "not_applicable");
    for status in ["syncing", "failed"] {
        let id = bad["id"].as_str().unwrap();
        let change =
            format!("update user_files set openai_sync_status = '{status}' where id = '{id}'");
        assert_eq!(stack.database.execute(&change).await, 1);
    }
    let body = json!({ "content": "mira", "file_ids": [good["id"], bad["id"], picture["id"]] });
    let refused = ana.post(format!("{at}/messages")).json(&body).send().await;
    assert_eq!(refused.invalid(), ("/file_ids/1".to_owned(), "file-failed".to_owned()));
    let started = ana.post("/v1/conversations").json(&json!({ "message": body })).send().await;
    assert_eq!(started.invalid(), ("/message/file_ids/1".to_owned(), "file-failed".to_owned()));
    assert_eq!(ana.get(&at).send().await.ok(200)["message_count"], 0);

    let body = json!({ "content": "mira", "file_ids": [good["id"], picture["id"]] });
    let posted = ana.post(format!("{at}/messages")).json(&body).send().await.ok(201);
    let versions = format!("/v1/messages/{}/versions", posted["message"]["id"].as_str().unwrap());
    stack.complete_reply("listo").await;
    let body = json!({ "content": "mira", "file_ids": [bad["id"]] });
    let refused = ana.post(versions).json(&body).send().await;
    assert_eq!(refused.invalid(), ("/file_ids/0".to_owned(), "file-failed".to_owned()));
}

#[tokio::test]
async fn blank_and_nul_text_is_refused() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let at = format!("{}/messages", ana.start_conversation("uno").await);
    for (content, rule) in [
        ("", "blank"),
        (" \n\t", "blank"),
        ("\u{a0}\u{2003}\u{3000}", "blank"),
        ("hola\u{0}", "nul"),
    ] {
        let refused = ana.post(&at).json(&json!({ "content": content })).send().await;
        assert_eq!(refused.invalid(), ("/content".to_owned(), rule.to_owned()), "{content:?}");
    }
    for bytes in [&b"{\"content\":\"\xff\"}"[..], b"{\"content\":\"\xc3\"}", b"\xed\xa0\x80"] {
        let call = ana.post(&at).header("content-type", "application/json");
        let problem = call.bytes(bytes.to_vec()).send().await.problem(400, "malformed");
        assert_eq!(problem["detail"], "El cuerpo no es UTF-8.");
    }
    // One half of a UTF-16 surrogate pair.
    let call = ana.post(&at).header("content-type", "application/json");
    let half = call.bytes(r#"{"content":"\ud83d"}"#).send().await;
    half.problem(400, "malformed");
    assert_eq!(stack.database.query_i64("select count(*) from messages").await, 0);
}

#[tokio::test]
async fn the_limits_of_a_message_are_exact() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let at = ana.start_conversation("uno").await;
    let target = format!("{at}/messages");
    let longest = json!({ "content": "x".repeat(32 * 1024) });
    let too_long = json!({ "content": "x".repeat(32 * 1024 + 1) });
    let refused = ana.post(&target).json(&too_long).send().await;
    assert_eq!(refused.invalid(), ("/content".to_owned(), "too-long".to_owned()));
    ana.post(&target).json(&longest).send().await.ok(201);

    let too_large = format!("{{\"content\":\"{}\"}}", "x".repeat(64 * 1024));
    let call = ana.post(&target).header("content-type", "application/json").bytes(too_large);
    call.send().await.problem(413, "too-large");
    let refused = ana.post(&target).header("accept", "text/html").json(&longest).send().await;
    refused.problem(406, "not-acceptable");
    let refused = ana.post(&target).header("content-type", "text/plain").bytes("{}").send().await;
    refused.problem(415, "unsupported-media-type");
    let broken = ana.post(&target).header("content-type", "application/json").bytes("{\"con");
    let problem = broken.send().await.problem(400, "malformed");
    assert_eq!(problem["detail"], "El cuerpo no es JSON: línea 1, columna 5.");
}

#[tokio::test]
async fn pages_of_messages_are_newest_first() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let at = ana.start_conversation("uno").await;
    for number in 0..4 {
        ana.post_message(&at, &format!("pregunta {number}")).await;
        stack.complete_reply(&format!("respuesta {number}")).await;
    }
    let (mut contents, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = ana.get(format!("{at}/messages?limit=3{cursor}")).send().await.ok(200);
        let rows = page["data"].as_array().unwrap();
        contents.extend(rows.iter().map(|it| it["content"].as_str().unwrap().to_owned()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let expected: Vec<_> = (0..4)
        .rev()
        .flat_map(|number| [format!("respuesta {number}"), format!("pregunta {number}")])
        .collect();
    assert_eq!(contents, expected);
}
