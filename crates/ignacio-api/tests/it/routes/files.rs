//! Files: listing, reading, downloading, deleting.

use bytes::Bytes;
use futures_util::stream;
use ignacio_domain::file::ObjectKey;
use ignacio_domain::ports::{ByteRange, ObjectStore as _};
use serde_json::json;

use crate::client::file_part;
use crate::stack::{Stack, UPLOAD_MAX};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

#[tokio::test]
async fn files_are_listed_by_state_name_and_conversation() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let at = ana.start_conversation("uno").await;
    let conversation = at.rsplit('/').next().unwrap();
    ana.upload_file("Informe 100%.txt", b"hola").await;
    ana.upload_file("foto.png", PNG).await;
    let form = [
        crate::client::part("conversation_id", conversation),
        file_part("notas.md", "text/plain", b"# Hola"),
    ];
    ana.post("/v1/files").form(&form).send().await.ok(201);

    for (query, expected) in [
        ("", vec!["notas.md", "foto.png", "Informe 100%.txt"]),
        ("?sync_status=pending", vec!["notas.md", "Informe 100%.txt"]),
        ("?sync_status=not_applicable", vec!["foto.png"]),
        ("?sync_status=synced", vec![]),
        ("?q=INFORME", vec!["Informe 100%.txt"]),
        ("?q=100%25", vec!["Informe 100%.txt"]),
        ("?q=%25", vec!["Informe 100%.txt"]),
        ("?q=a%00", vec![]),
        (&format!("?conversation_id={conversation}"), vec!["notas.md"]),
    ] {
        let listed = ana.get(format!("/v1/files{query}")).send().await.ok(200);
        let names: Vec<_> = listed["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, expected, "{query}");
    }
    let refused = ana.get("/v1/files?sync_status=lost").send().await;
    assert_eq!(refused.invalid(), ("/sync_status".to_owned(), "wrong-value".to_owned()));
    let refused = ana.get("/v1/files?conversation_id=x").send().await;
    assert_eq!(refused.invalid(), ("/conversation_id".to_owned(), "uuid".to_owned()));
}

#[tokio::test]
async fn a_download_is_whole_partial_or_unchanged_and_never_rendered() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let content: Vec<u8> = (0..5000_u32).map(|it| b'a' + u8::try_from(it % 26).unwrap()).collect();
    let file = ana.upload_file("informe año \\\"1\\\".txt", &content).await;
    assert_eq!(file["name"], "informe año \"1\".txt");
    let target = format!("/v1/files/{}/content", file["id"].as_str().unwrap());

    let whole = ana.get(&target).send().await;
    assert_eq!((whole.status.as_u16(), whole.body.as_ref()), (200, content.as_slice()));
    assert_eq!(whole.header("content-type"), "text/plain");
    assert_eq!(whole.header("content-length"), "5000");
    assert_eq!(whole.header("accept-ranges"), "bytes");
    assert_eq!(whole.header("etag"), format!("\"{}\"", file["sha256"].as_str().unwrap()));
    assert!(whole.header("content-security-policy").ends_with("sandbox"));
    assert_eq!(
        whole.header("content-disposition"),
        "attachment; filename=\"informe a_o _1_.txt\"; \
         filename*=UTF-8''informe%20a%C3%B1o%20%221%22.txt"
    );

    for (range, status, part, described) in [
        ("bytes=0-0", 206, &content[..1], "bytes 0-0/5000"),
        ("bytes=1000-2999", 206, &content[1000..3000], "bytes 1000-2999/5000"),
        ("bytes=-10", 206, &content[4990..], "bytes 4990-4999/5000"),
        ("bytes=4000-", 206, &content[4000..], "bytes 4000-4999/5000"),
        ("bytes=0-1,3-4", 200, &content[..], ""),
        ("lines=0-1", 200, &content[..], ""),
    ] {
        let response = ana.get(&target).header("range", range).send().await;
        assert_eq!((response.status.as_u16(), response.body.as_ref()), (status, part), "{range}");
        assert_eq!(response.header("content-range"), described);
    }
    let beyond = ana.get(&target).header("range", "bytes=5000-").send().await;
    assert_eq!(beyond.header("content-range"), "bytes */5000");
    beyond.problem(416, "range-not-satisfiable");

    let tag = whole.header("etag");
    let known = ana.get(&target).header("if-none-match", tag).send().await;
    assert_eq!((known.status.as_u16(), known.body.len()), (304, 0));
    let stale = ana.get(&target).header("range", "bytes=0-0").header("if-range", "\"x\"");
    assert_eq!(stale.send().await.status.as_u16(), 200);

    let head = ana.call("HEAD", &target).unchecked().send().await;
    assert_eq!((head.status.as_u16(), head.header("content-length")), (200, "5000"));
}

#[tokio::test]
async fn a_range_request_reads_only_its_bytes_from_the_store() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let content: Vec<u8> =
        (0..UPLOAD_MAX).map(|it| b'a' + u8::try_from(it % 26).unwrap()).collect();
    let file = ana.upload_file("a.txt", &content).await;
    let target = format!("/v1/files/{}/content", file["id"].as_str().unwrap());
    let (first, last) = (UPLOAD_MAX / 2 + 7, UPLOAD_MAX - 2_001);

    let range = format!("bytes={first}-{last}");
    let part = ana.get(&target).header("range", range).send().await;
    assert_eq!((part.status.as_u16(), part.body.as_ref()), (206, &content[first..=last]));
    assert_eq!(part.header("content-range"), format!("bytes {first}-{last}/{UPLOAD_MAX}"));
    assert_eq!(part.header("content-length"), (last - first + 1).to_string());
    let read =
        ByteRange { first: u64::try_from(first).unwrap(), last: u64::try_from(last).unwrap() };
    assert_eq!(stack.store.take_reads(), [Some(read)]);

    let beyond = ana.get(&target).header("range", format!("bytes={UPLOAD_MAX}-")).send().await;
    beyond.problem(416, "range-not-satisfiable");
    assert_eq!(stack.store.take_reads(), []);
}

#[tokio::test]
async fn a_legacy_file_is_read_at_its_stored_path() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let file = ana.upload_file("a.txt", b"hola").await;
    let key = ObjectKey::from_stored("uploads/ana/a.txt".to_owned());
    let content = Box::pin(stream::iter([Ok(Bytes::from_static(b"de antes"))]));
    stack.store.put(&key, "text/plain", content).await.unwrap();
    let carried_over = "update user_files
         set content_sha256 = null, file_size = 0, file_path = 'uploads/ana/a.txt'";
    stack.database.execute(carried_over).await;

    let target = format!("/v1/files/{}", file["id"].as_str().unwrap());
    let shown = ana.get(&target).send().await.ok(200);
    assert!(shown["sha256"].is_null() && shown.get("sha256").is_some(), "{shown}");
    let whole = ana.get(format!("{target}/content")).send().await;
    assert_eq!((whole.status.as_u16(), whole.body.as_ref()), (200, &b"de antes"[..]));
    assert_eq!(whole.header("content-length"), "8");
    let tag = whole.header("etag");
    let known = ana.get(format!("{target}/content")).header("if-none-match", tag).send().await;
    assert_eq!(known.status.as_u16(), 304);
    let part = ana.get(format!("{target}/content")).header("range", "bytes=3-").send().await;
    assert_eq!((part.status.as_u16(), part.body.as_ref()), (206, &b"antes"[..]));
}

#[tokio::test]
async fn a_deleted_file_is_gone() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let file = ana.upload_file("a.txt", b"hola").await;
    let target = format!("/v1/files/{}", file["id"].as_str().unwrap());
    assert_eq!(ana.get(&target).send().await.ok(200), file);

    assert_eq!(ana.delete(&target).send().await.status.as_u16(), 204);

    for target in [target.clone(), format!("{target}/content")] {
        ana.get(target).send().await.problem(404, "not-found");
    }
    ana.delete(&target).send().await.problem(404, "not-found");
    assert_eq!(ana.get("/v1/files").send().await.ok(200)["data"], json!([]));
}

#[tokio::test]
async fn an_unavailable_object_store_is_reported() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let file = ana.upload_file("a.txt", b"hola").await;
    let target = format!("/v1/files/{}/content", file["id"].as_str().unwrap());
    stack.store.set_down(true);
    let refused = ana.get(&target).send().await;
    assert_eq!(refused.header("retry-after"), "5");
    refused.problem(503, "unavailable");
    stack.store.set_down(false);
    assert_eq!(ana.get(&target).send().await.body.as_ref(), b"hola");
}
