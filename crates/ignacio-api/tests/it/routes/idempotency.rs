//! Requests that create something can be sent again: `Idempotency-Key`.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::client::{Call, file_head, file_part, part};
use crate::contract::operations;
use crate::stack::Stack;
use crate::users::User;

/// Creating operations without a key: their response holds a token, which is stored nowhere.
const WITHOUT_A_KEY: [&str; 2] = ["open_session", "renew_session"];

/// A path, and two bodies of the same length for it.
struct Creation {
    path: String,
    bodies: [Sent; 2],
}

enum Sent {
    Json(Value),
    Form(Vec<u8>),
}

impl Creation {
    fn json(path: impl Into<String>, bodies: [Value; 2]) -> Self {
        Self { path: path.into(), bodies: bodies.map(Sent::Json) }
    }

    fn call(&self, user: &User, body: usize, key: &str) -> Call {
        let call = user.post(&self.path).header("idempotency-key", key);
        match &self.bodies[body] {
            Sent::Json(body) => call.json(body),
            Sent::Form(file) => call.form(std::slice::from_ref(file)),
        }
    }
}

/// Every creating operation. The user is an admin, who may do all of them.
async fn creations(stack: &Stack, user: &User, other: &User) -> BTreeMap<&'static str, Creation> {
    let at = user.start_conversation("cero").await;
    let (last, newest) =
        (user.start_conversation("uno").await, user.start_conversation("dos").await);
    let mut replies = Vec::new();
    for conversation in [last, newest] {
        replies.push(user.post_message(&conversation, "hola").await);
        stack.complete_reply("listo").await;
    }
    let of_reply = |number: usize, name: &str, rest: &str| {
        format!("/v1/messages/{}/{rest}", replies[number][name]["id"].as_str().unwrap())
    };
    let named = |name: &str| ["uno", "dos"].map(|text| json!({ name: text }));
    let file = |text: &str| Sent::Form(file_part("a.txt", "text/plain", text.as_bytes()));
    BTreeMap::from([
        (
            "create_access_grant",
            Creation::json(
                "/v1/admin/access-grants",
                ["plan", "voto"].map(|it| json!({ "user_id": other.id, "reason": format!("Pidió ayuda con su {it}") })),
            ),
        ),
        (
            "create_user",
            Creation::json(
                "/v1/admin/users",
                ["1", "2"].map(|it| json!({ "phone": format!("+57300111223{it}"), "name": "Nueva" })),
            ),
        ),
        ("start_conversation", Creation::json("/v1/conversations", named("title"))),
        ("post_message", Creation::json(format!("{at}/messages"), named("content"))),
        (
            "regenerate_reply",
            Creation::json(
                of_reply(0, "reply", "responses"),
                ["model-1", "model-2"].map(|it| json!({ "model": it })),
            ),
        ),
        (
            "edit_message",
            Creation::json(of_reply(1, "message", "versions"), named("content")),
        ),
        (
            "upload_file",
            Creation { path: "/v1/files".to_owned(), bodies: [file("hola"), file("aloh")] },
        ),
    ])
}

#[tokio::test]
async fn every_creating_operation_accepts_an_idempotency_key() {
    let stack = Stack::start().await;
    let (ada, ben) = (stack.admin("Ada").await, stack.participant("Ben").await);
    let mut creations = creations(&stack, &ada, &ben).await;

    for (method, path, operation) in operations() {
        let name = operation["operationId"].as_str().unwrap();
        let documented = operation["parameters"].to_string().contains("\"Idempotency-Key\"");
        let creates = method == "POST" && !operation["responses"]["201"].is_null();
        assert_eq!(documented, creates && !WITHOUT_A_KEY.contains(&name), "{method} {path}");
        if !documented {
            continue;
        }
        let creation = creations.remove(name).unwrap_or_else(|| panic!("{name} is not tested"));
        let first = creation.call(&ada, 0, name).send().await;
        assert_eq!(first.header("idempotency-replayed"), "", "{name}");
        let (location, body) = (first.header("location").to_owned(), first.ok(201));

        let again = creation.call(&ada, 0, name).send().await;
        assert_eq!(again.header("idempotency-replayed"), "true", "{name}");
        assert_eq!(again.header("location"), location, "{name}");
        assert_eq!(again.ok(201), body, "{name}");
        let other = creation.call(&ada, 1, name).send().await;
        other.problem(422, "idempotency-key-reused");
        let bad = creation.call(&ada, 0, "two words").send().await;
        bad.problem(400, "malformed");
    }
    assert!(creations.is_empty(), "the document does not know {:?}", creations.keys());
}

#[tokio::test]
async fn twenty_equal_concurrent_posts_are_one_turn() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let at = ana.start_conversation("uno").await;
    let body = json!({ "content": "hola" });
    let path = format!("{at}/messages");
    let calls =
        (0..20).map(|_| ana.post(&path).header("idempotency-key", "k-1").json(&body).send());
    let answers = futures_util::future::join_all(calls).await;
    let replayed = answers.iter().filter(|it| it.headers.contains_key("idempotency-replayed"));
    assert_eq!(replayed.count(), 19);
    let first = answers[0].body.clone();
    let location = answers[0].header("location").to_owned();
    for response in answers {
        assert_eq!(response.body, first);
        assert_eq!(response.header("location"), location);
        response.ok(201);
    }
    assert_eq!(ana.get(&at).send().await.ok(200)["message_count"], 2);

    // The reply has ended since: the response is still the first one, and its stream can be read.
    stack.complete_reply("listo").await;
    let again = ana.post(&path).header("idempotency-key", "\"k-1\"").json(&body).send().await;
    assert_eq!(again.body, first);
    let stream = ana.post(&path).header("idempotency-key", "k-1").json(&body);
    let events = stream.events().await.rest().await;
    assert_eq!(events.last().unwrap().name, "response.completed");
    assert_eq!(ana.get(&at).send().await.ok(200)["message_count"], 2);
}

#[tokio::test]
async fn a_key_belongs_to_one_request_of_one_user() {
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
async fn a_refused_request_can_be_retried_and_keys_expire_after_a_day() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let at = ana.start_conversation("uno").await;
    let running = ana.post_message(&at, "uno").await;
    let post = || {
        let call = ana.post(format!("{at}/messages")).header("idempotency-key", "k");
        call.json(&json!({ "content": "dos" }))
    };
    post().send().await.problem(409, "response-running");
    stack.complete_reply("listo").await;
    let posted = post().send().await.ok(201);
    assert_ne!(posted["response"]["id"], running["response"]["id"]);
    assert_eq!(post().send().await.ok(201), posted);

    stack.complete_reply("listo").await;
    let age = "update idempotency_keys set created_at = now() - interval '25 hours'";
    stack.database.execute(age).await;
    assert_ne!(post().send().await.ok(201)["message"]["id"], posted["message"]["id"]);
}

#[tokio::test]
async fn an_upload_can_be_repeated() {
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

    // A refused request leaves the key free.
    let wrong = [file_part("notas.pdf", "application/pdf", b"no PDF at all")];
    let refused = ana.post("/v1/files").header("idempotency-key", "k2").form(&wrong).send().await;
    refused.problem(415, "unsupported-media-type");
    upload("k2", "hola").send().await.ok(201);

    // While a request is in progress, an equal one is refused.
    stack.database.execute("update idempotency_keys set status = null, body = null").await;
    let wait = upload("k", "hola").send().await;
    assert_eq!(wait.header("retry-after"), "1");
    wait.problem(409, "request-under-way");
    let long_ago = "update idempotency_keys set locked_until = now() - interval '1 second'";
    stack.database.execute(long_ago).await;
    assert_ne!(upload("k", "hola").send().await.ok(201)["id"], first["id"]);
}

#[tokio::test]
async fn a_repeated_create_user_creates_one_user() {
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
async fn stored_responses_are_deleted_with_their_conversation() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let at = ana.start_conversation("uno").await;
    let body = json!({ "content": "un secreto" });
    let post = || ana.post(format!("{at}/messages")).header("idempotency-key", "k").json(&body);
    let posted: Value = post().send().await.ok(201);
    assert_eq!(posted["message"]["content"], "un secreto");
    assert_eq!(ana.delete(&at).send().await.status.as_u16(), 204);
    let left = "select count(*)::text from idempotency_keys";
    assert_eq!(stack.database.query_text(left).await, "0");
    post().send().await.problem(404, "not-found");
}

#[tokio::test]
async fn an_optional_body_is_part_of_the_request_digest() {
    let stack = Stack::start().await;
    // Admins choose between two models whose names are of the same length.
    let ana = stack.admin("Ana").await;
    let at = ana.start_conversation("uno").await;
    let posted = ana.post_message(&at, "hola").await;
    stack.complete_reply("listo").await;
    let path = format!("/v1/messages/{}/responses", posted["reply"]["id"].as_str().unwrap());
    let post = |body: &Value| ana.post(&path).header("idempotency-key", "k").json(body);

    let first = post(&json!({ "model": "model-1" })).send().await.ok(201);
    assert_eq!(post(&json!({ "model": "model-1" })).send().await.ok(201), first);
    let other = post(&json!({ "model": "model-2" })).send().await;
    other.problem(422, "idempotency-key-reused");
    let none = ana.post(&path).header("idempotency-key", "k").send().await;
    none.problem(422, "idempotency-key-reused");
}

#[tokio::test]
async fn another_file_with_a_used_key_is_refused_and_not_stored() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let conversation = ana.start_conversation("uno").await;
    let conversation = part("conversation_id", conversation.rsplit('/').next().unwrap());
    let file = |name: &str, text: &str| file_part(name, "text/plain", text.as_bytes());
    let post = || ana.post("/v1/files").header("idempotency-key", "k");
    let first = post().form(&[file("a.txt", "hola")]).send().await.ok(201);

    // The same length, another name, another field.
    for form in [
        vec![file("a.txt", "aloh")],
        vec![file("b.txt", "hola")],
        vec![conversation, file("a.txt", "hola")],
    ] {
        post().form(&form).send().await.problem(422, "idempotency-key-reused");
    }
    // Chunked, without a length: the same file, and another.
    for (text, is_same) in [("hola", true), ("aloh", false)] {
        let call = post().header("content-type", "multipart/form-data; boundary=otra");
        let (call, pieces) = call.chunked();
        let form = [file("a.txt", text), b"--frontera--\r\n".to_vec()].concat();
        let form = String::from_utf8(form).unwrap().replace("frontera", "otra");
        let feed = async {
            for piece in form.as_bytes().chunks(7) {
                pieces.send(Bytes::copy_from_slice(piece)).await.unwrap();
            }
            drop(pieces);
        };
        let (response, ()) = tokio::join!(call.send(), feed);
        if is_same {
            assert_eq!(response.header("idempotency-replayed"), "true");
            assert_eq!(
                response.header("location"),
                format!("/v1/files/{}", first["id"].as_str().unwrap())
            );
            assert_eq!(response.ok(201), first);
        } else {
            response.problem(422, "idempotency-key-reused");
        }
    }
    stack.wait_for_tasks().await;
    assert_eq!((stack.store.n_objects(), stack.n_live_files().await), (1, 1));
    let rows = "select count(*)::text from user_files";
    assert_eq!(stack.database.query_text(rows).await, "1", "whatever its state");
    assert_eq!(stack.store.n_puts(), 1, "nothing was sent to the store");
}

#[tokio::test]
async fn equal_concurrent_uploads_are_one_file() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let upload = || {
        let call = ana.post("/v1/files").header("idempotency-key", "k");
        call.header("content-type", "multipart/form-data; boundary=frontera")
    };
    let (call, pieces) = upload().chunked();
    let meanwhile = async {
        pieces.send(file_head("a.txt", "text/plain").into()).await.unwrap();
        pieces.send(Bytes::from(vec![b'a'; 50_000])).await.unwrap();
        stack.store.has_received(40_000).await;
        let form = [file_part("a.txt", "text/plain", &vec![b'a'; 50_000])];
        let wait = ana.post("/v1/files").header("idempotency-key", "k").form(&form).send().await;
        assert_eq!(wait.header("retry-after"), "1");
        wait.problem(409, "request-under-way");
        pieces.send(Bytes::from_static(b"\r\n--frontera--\r\n")).await.unwrap();
        drop(pieces);
        form
    };
    let (first, form) = tokio::join!(call.send(), meanwhile);
    let first = first.ok(201);
    let again = ana.post("/v1/files").header("idempotency-key", "k").form(&form).send().await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.ok(201), first);
    assert_eq!((stack.store.n_objects(), stack.n_live_files().await), (1, 1));

    // Another user's key is another key.
    let ben = stack.participant("Ben").await;
    let his = ben.post("/v1/files").header("idempotency-key", "k").form(&form).send().await;
    assert_ne!(his.ok(201)["id"], first["id"]);
}

#[tokio::test]
async fn a_failed_upload_releases_its_key() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let upload = |text: &str| {
        let form = [file_part("a.txt", "text/plain", text.as_bytes())];
        ana.post("/v1/files").header("idempotency-key", "k").form(&form)
    };
    stack.store.set_down(true);
    upload("uno").send().await.problem(503, "unavailable");
    stack.store.set_down(false);
    stack.wait_for_tasks().await;

    // As if the process had died after it reserved the key.
    stack
        .database
        .execute(
            "insert into idempotency_keys (user_id, key_hash, request_hash)
         select id, sha256('k'), sha256('?') from users where name = 'Ana'",
        )
        .await;
    upload("dos").send().await.problem(409, "request-under-way");
    let long_ago = "update idempotency_keys set locked_until = now() - interval '1 second'";
    stack.database.execute(long_ago).await;
    let file = upload("tres").send().await.ok(201);
    assert_eq!(upload("tres").send().await.ok(201), file);
    assert_eq!((stack.store.n_objects(), stack.n_live_files().await), (1, 1));
}
