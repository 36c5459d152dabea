//! Uploads: the content decides the type, the size is bounded, and no upload is left half done.

use bytes::Bytes;
use serde_json::json;

use crate::client::{file_head, file_part, part};
use crate::stack::{Stack, UPLOAD_MAX};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

#[tokio::test]
async fn a_file_is_stored_under_a_key_that_no_client_chose() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let form = [file_part("../../etc/Año 1.TXT", "application/pdf", "¿Qué tal?".as_bytes())];
    let response = ana.post("/v1/files").form(&form).send().await;
    let location = response.header("location").to_owned();
    let file = response.ok(201);

    assert_eq!(file["name"], "Año 1.TXT");
    assert_eq!((&file["media_type"], &file["size"]), (&json!("text/plain"), &json!(11)));
    assert_eq!(file["sync"]["status"], "pending");
    let id = file["id"].as_str().unwrap();
    assert_eq!(location, format!("/v1/files/{id}"));
    assert_eq!(stack.store.keys(), [format!("users/{}/{id}", ana.id)]);
    assert_eq!(ana.get(&location).send().await.ok(200), file);
}

#[tokio::test]
async fn content_decides_what_a_file_is() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let picture = [file_part("foto.png", "text/plain", PNG)];
    let stored = ana.post("/v1/files").form(&picture).send().await.ok(201);
    assert_eq!(stored["media_type"], "image/png");
    assert_eq!(stored["sync"]["status"], "not_applicable");

    for (name, content) in [
        ("informe.pdf", b"MZ\x90\0\x03".as_slice()),
        ("pagina.txt", b"<html><script>alert(1)</script>"),
        ("programa.exe", b"MZ\x90\0\x03"),
        ("nota.txt", b"caf\xe9"),
    ] {
        let form = [file_part(name, "application/pdf", content)];
        let refused = ana.post("/v1/files").form(&form).send().await;
        refused.problem(415, "unsupported-media-type");
    }
    // Text that stops being text after its first bytes is refused, too.
    let late = [vec![b'a'; 20_000], vec![0], vec![b'a'; 20_000]].concat();
    let form = [file_part("nota.txt", "text/plain", &late)];
    ana.post("/v1/files").form(&form).send().await.problem(415, "unsupported-media-type");
    stack.wait_for_tasks().await;
    assert_eq!((stack.store.n_objects(), stack.n_live_files().await), (1, 1));
}

#[tokio::test]
async fn invalid_forms_are_refused_with_a_pointer() {
    let stack = Stack::start().await;
    let (ana, ben) = (stack.participant("Ana").await, stack.participant("Ben").await);
    let file = file_part("a.txt", "text/plain", b"hola");
    let missing = part("conversation_id", "019ab2f4-0000-7000-8000-000000000001");
    let bens = ben.start_conversation("de Ben").await;
    let bens = part("conversation_id", bens.rsplit('/').next().unwrap());
    for (form, place, rule) in [
        (vec![], "/file", "required"),
        (vec![file.clone(), file.clone()], "/file", "duplicate"),
        (vec![part("title", "x"), file.clone()], "/title", "unknown-field"),
        (vec![file.clone(), missing.clone()], "/conversation_id", "after-file"),
        (vec![missing.clone(), missing.clone()], "/conversation_id", "duplicate"),
        (vec![part("conversation_id", "x"), file.clone()], "/conversation_id", "uuid"),
        (vec![file_part("a.txt", "text/plain", b"")], "/file", "empty"),
        (vec![file_part("", "text/plain", b"x")], "/file", "file-name"),
        (vec![file_part(&"x".repeat(256), "text/plain", b"x")], "/file", "file-name-length"),
    ] {
        let refused = ana.post("/v1/files").form(&form).send().await;
        assert_eq!(refused.invalid(), (place.to_owned(), rule.to_owned()));
    }
    for conversation in [missing, bens] {
        let form = [conversation, file.clone()];
        ana.post("/v1/files").form(&form).send().await.problem(404, "not-found");
    }
    let broken = ana.post("/v1/files").header("content-type", "multipart/form-data; boundary=x");
    broken.bytes("--x\r\nfoo").send().await.problem(400, "malformed");
    let no_boundary = ana.post("/v1/files").header("content-type", "multipart/form-data");
    no_boundary.bytes("x").send().await.problem(400, "malformed");
    let json = ana.post("/v1/files").json(&json!({}));
    json.send().await.problem(415, "unsupported-media-type");
    stack.wait_for_tasks().await;
    assert_eq!((stack.store.n_objects(), stack.n_live_files().await), (0, 0));
}

#[tokio::test]
async fn the_size_limit_is_exact_and_cuts_the_upload_short() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let largest = ana.upload_file("a.txt", &vec![b'a'; UPLOAD_MAX]).await;
    assert_eq!(largest["size"], UPLOAD_MAX);

    let form = [file_part("b.txt", "text/plain", &vec![b'b'; UPLOAD_MAX + 1])];
    ana.post("/v1/files").form(&form).send().await.problem(413, "too-large");
    // Declared too long: refused before any byte is read.
    let form = [file_part("c.txt", "text/plain", &vec![b'c'; UPLOAD_MAX + 70_000])];
    ana.post("/v1/files").form(&form).send().await.problem(413, "too-large");

    // No length at all, and an end that never comes.
    let call =
        ana.post("/v1/files").header("content-type", "multipart/form-data; boundary=frontera");
    let (call, pieces) = call.chunked();
    let feed = async {
        pieces.send(file_head("d.txt", "text/plain").into()).await.unwrap();
        while pieces.send(Bytes::from(vec![b'd'; 10_000])).await.is_ok() {}
        std::future::pending::<()>().await;
    };
    let response = tokio::select! {
        response = call.send() => response,
        () = feed => panic!("the feed never ends"),
    };
    response.problem(413, "too-large");
    stack.wait_for_tasks().await;
    assert_eq!((stack.store.n_objects(), stack.n_live_files().await), (1, 1));
}

#[tokio::test]
async fn a_client_that_disconnects_leaves_nothing_behind() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let call =
        ana.post("/v1/files").header("content-type", "multipart/form-data; boundary=frontera");
    let (call, pieces) = call.chunked();
    let leave = async {
        pieces.send(file_head("a.txt", "text/plain").into()).await.unwrap();
        pieces.send(Bytes::from(vec![b'a'; 50_000])).await.unwrap();
        stack.store.has_received(40_000).await;
        assert_eq!(stack.n_live_files().await, 1, "reserved");
    };
    tokio::select! {
        response = call.send() => panic!("answered early: {response:?}"),
        () = leave => {}
    }
    drop(pieces);
    stack.wait_for_tasks().await;
    assert_eq!((stack.store.n_objects(), stack.n_live_files().await), (0, 0));
    assert_eq!(ana.get("/v1/files").send().await.ok(200)["data"], json!([]));
}

#[tokio::test]
async fn a_failing_object_store_fails_the_upload_and_leaves_nothing() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    stack.store.set_down(true);
    let form = [file_part("a.txt", "text/plain", &vec![b'a'; 100_000])];
    ana.post("/v1/files").form(&form).send().await.problem(503, "unavailable");
    stack.wait_for_tasks().await;
    assert_eq!(stack.n_live_files().await, 0);
    stack.store.set_down(false);
    ana.upload_file("a.txt", b"hola").await;
}

#[tokio::test]
async fn uploads_beyond_the_concurrency_limit_are_told_to_retry() {
    let stack = Stack::with(|it| it.max_concurrent_uploads = 1).await;
    let ana = stack.participant("Ana").await;
    let call =
        ana.post("/v1/files").header("content-type", "multipart/form-data; boundary=frontera");
    let (call, pieces) = call.chunked();
    let other = async {
        pieces.send(file_head("a.txt", "text/plain").into()).await.unwrap();
        pieces.send(Bytes::from(vec![b'a'; 50_000])).await.unwrap();
        stack.store.has_received(40_000).await;
        let form = [file_part("b.txt", "text/plain", b"hola")];
        let refused = ana.post("/v1/files").form(&form).send().await;
        assert_eq!(refused.header("retry-after"), "5");
        refused.problem(503, "unavailable");
        pieces.send(Bytes::from_static(b"\r\n--frontera--\r\n")).await.unwrap();
        drop(pieces);
    };
    let (response, ()) = tokio::join!(call.send(), other);
    assert_eq!(response.ok(201)["size"], 50_000);
    ana.upload_file("b.txt", b"hola").await;
}

#[tokio::test]
async fn an_unauthenticated_upload_is_refused_before_its_body() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    assert_eq!(ana.delete("/v1/sessions/current").send().await.status.as_u16(), 204);
    let call =
        ana.post("/v1/files").header("content-type", "multipart/form-data; boundary=frontera");
    // The body never comes, and the response does not wait for it.
    let (call, _pieces) = call.chunked();
    call.send().await.problem(401, "unauthenticated");
}
