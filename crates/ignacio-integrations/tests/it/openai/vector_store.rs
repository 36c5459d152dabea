//! Files and vector stores: uploading, finding and deleting documents.

use bytes::Bytes;
use futures_util::stream;
use ignacio_domain::{
    ids::{FileId, UserId},
    ports::{FileAttributes, IndexingStatus, PortError, ProviderUpload, VectorStore as _},
};
use serde_json::{Value, json};
use std::io;
use time::OffsetDateTime;

use super::openai;
use crate::support::wire::{WireResponse, WireServer};

fn upload(pieces: Vec<io::Result<Bytes>>, size: u64) -> ProviderUpload {
    ProviderUpload {
        name: "ign-test-1.txt".to_owned(),
        media_type: "text/plain".to_owned(),
        size,
        content: Box::pin(stream::iter(pieces)),
    }
}

fn error(message: &str) -> Value {
    json!({ "error": { "message": message, "type": "invalid_request_error", "code": null } })
}

#[tokio::test]
async fn a_document_is_uploaded_with_its_length_and_its_purpose_first() {
    let server = WireServer::always(WireResponse::json("200 OK", &json!({ "id": "file-1" }))).await;
    let pieces = vec![Ok(Bytes::from_static(b"uno ")), Ok(Bytes::from_static(b"dos"))];
    let id = openai(server.url()).upload_file(upload(pieces, 7)).await.unwrap();
    assert_eq!(id, "file-1");

    let request = server.request();
    assert_eq!(request.line(), "POST /files");
    assert_eq!(request.header("transfer-encoding"), None);
    let length: usize = request.header("content-length").unwrap().parse().unwrap();
    assert_eq!(request.body.len(), length);
    let body = String::from_utf8(request.body).unwrap();
    let purpose = body.find("name=\"purpose\"\r\n\r\nuser_data").unwrap();
    let file = body.find("name=\"file\"; filename=\"ign-test-1.txt\"").unwrap();
    assert!(purpose < file, "{body}");
    assert!(body.contains("Content-Type: text/plain\r\n\r\nuno dos\r\n"), "{body}");
}

#[tokio::test]
async fn bytes_that_fail_or_end_early_are_transient() {
    let server = WireServer::always(WireResponse::json("200 OK", &json!({ "id": "file-1" }))).await;
    let openai = openai(server.url());
    let broken = vec![Ok(Bytes::from_static(b"uno")), Err(io::Error::other("the store is gone"))];
    for pieces in [broken, vec![Ok(Bytes::from_static(b"uno"))]] {
        let failed = openai.upload_file(upload(pieces, 7)).await.unwrap_err();
        assert!(matches!(failed, PortError::Transient { .. }), "{failed}");
    }
    assert!(server.requests().is_empty(), "the server never saw a whole request");
}

#[tokio::test]
async fn a_refused_upload_is_permanent_or_transient() {
    let mut body = error("unsupported");
    body["error"]["code"] = json!("unsupported_file");
    let server = WireServer::always(WireResponse::json("400 Bad Request", &body)).await;
    let failed = openai(server.url()).upload_file(upload(Vec::new(), 0)).await.unwrap_err();
    assert!(matches!(failed, PortError::Rejected { code, .. } if code == "unsupported_file"));
    server.request();

    let server = WireServer::always(WireResponse::new("200 OK", &[], "<html>")).await;
    let failed = openai(server.url()).upload_file(upload(Vec::new(), 0)).await.unwrap_err();
    assert!(matches!(failed, PortError::Transient { .. }));

    let mut bad = upload(Vec::new(), 0);
    bad.media_type = "no media type".to_owned();
    let failed = openai(server.url()).upload_file(bad).await.unwrap_err();
    assert!(matches!(failed, PortError::Rejected { .. }), "{failed}");
}

/// Files 9, 8, … 0, created a second apart; those whose number is divisible by three are named
/// `ours`.
fn listing(request: &str) -> WireResponse {
    let after = request.split_once("after=").map_or(10, |(_, it)| {
        it.trim_start_matches("file-").split('&').next().unwrap().parse().unwrap()
    });
    let numbers: Vec<i64> = (0..after).rev().take(3).collect();
    let data: Vec<Value> = numbers
        .iter()
        .map(|it| {
            let name = if it % 3 == 0 { "ours" } else { "theirs" };
            json!({ "id": format!("file-{it}"), "filename": name, "created_at": 1000 + it,
                    "bytes": 5_000_000_000_i64, "purpose": "user_data", "status": "new" })
        })
        .collect();
    let has_more = numbers.last().is_some_and(|it| *it > 0);
    WireResponse::json("200 OK", &json!({ "object": "list", "data": data, "has_more": has_more }))
}

#[tokio::test]
async fn documents_are_found_by_name_as_far_back_as_needed() {
    for (since, expected, n_pages) in
        [(0, vec!["file-0", "file-3", "file-6", "file-9"], 4), (1006, vec!["file-6", "file-9"], 2)]
    {
        let server = WireServer::start(|request, _| listing(request.line())).await;
        let since = OffsetDateTime::from_unix_timestamp(since).unwrap();
        let found = openai(server.url()).find_files("ours", since).await.unwrap();
        let ids: Vec<_> = found.iter().map(|it| it.id.as_str()).collect();
        assert_eq!(ids, expected);
        assert!(found.iter().all(|it| it.name == "ours"));
        let requests = server.requests();
        assert_eq!(requests.len(), n_pages);
        let first = requests.first().unwrap().line();
        assert_eq!(first, "GET /files?purpose=user_data&order=desc&limit=1000");
    }
}

#[tokio::test]
async fn a_listing_that_repeats_itself_ends() {
    let page = json!({ "has_more": true,
                       "data": [{ "id": "file-1", "filename": "x", "created_at": 5 }] });
    let server = WireServer::always(WireResponse::json("200 OK", &page)).await;
    let found = openai(server.url()).find_files("ours", OffsetDateTime::UNIX_EPOCH).await;
    assert_eq!(found.unwrap(), []);
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_document_is_attached_with_its_owner() {
    let server = WireServer::always(WireResponse::json("200 OK", &json!({ "id": "file-1" }))).await;
    let tags = FileAttributes { owner: UserId::new(), file: FileId::new() };
    openai(server.url()).attach_file("vs_1", "file-1", tags).await.unwrap();
    let request = server.request();
    assert_eq!(request.line(), "POST /vector_stores/vs_1/files");
    let (owner, file) = (tags.owner.to_string(), tags.file.to_string());
    assert_eq!(
        request.json(),
        json!({ "file_id": "file-1", "attributes": { "user_id": owner, "file_id": file } })
    );

    for (status, message, is_fine) in [
        ("400 Bad Request", "The file is already attached to the vector store.", true),
        ("409 Conflict", "File already exists in this store", true),
        ("400 Bad Request", "The file is too odd.", false),
    ] {
        let server = WireServer::always(WireResponse::json(status, &error(message))).await;
        let attached = openai(server.url()).attach_file("vs_1", "file-1", tags).await;
        assert_eq!(attached.is_ok(), is_fine, "{message}");
    }
    let server = WireServer::always(WireResponse::json("404 Not Found", &error("no store"))).await;
    let attached = openai(server.url()).attach_file("vs_1", "file-1", tags).await;
    assert!(matches!(attached, Err(PortError::NotFound)));
}

#[tokio::test]
async fn indexing_progress_is_reported() {
    let failed = |code: &str| IndexingStatus::Failed { code: code.to_owned() };
    for (stored, expected) in [
        (json!({ "status": "in_progress", "last_error": null }), IndexingStatus::InProgress),
        (json!({ "status": "dreaming" }), IndexingStatus::InProgress),
        (json!({ "status": "completed", "usage_bytes": 7 }), IndexingStatus::Completed),
        (
            json!({ "status": "failed", "last_error": { "code": "unsupported_file" } }),
            failed("unsupported_file"),
        ),
        (json!({ "status": "failed", "last_error": null }), failed("failed")),
        (json!({ "status": "cancelled" }), failed("cancelled")),
    ] {
        let server = WireServer::always(WireResponse::json("200 OK", &stored)).await;
        let indexing = openai(server.url()).indexing_status("vs_1", "file-1").await.unwrap();
        assert_eq!(indexing, expected, "{stored}");
        assert_eq!(server.request().line(), "GET /vector_stores/vs_1/files/file-1");
    }
    let server = WireServer::always(WireResponse::json("404 Not Found", &error("none"))).await;
    let indexing = openai(server.url()).indexing_status("vs_1", "file-1").await;
    assert!(matches!(indexing, Err(PortError::NotFound)));
}

#[tokio::test]
async fn deleting_a_missing_object_succeeds() {
    for (status, body) in [("200 OK", json!({ "deleted": true })), ("404 Not Found", error("no"))] {
        let server = WireServer::always(WireResponse::json(status, &body)).await;
        let openai = openai(server.url());
        openai.delete_file("file-1").await.unwrap();
        openai.delete_store("vs_1").await.unwrap();
        openai.detach_file("vs_1", "file-1").await.unwrap();
        let lines: Vec<_> = server.requests().iter().map(|it| it.line().to_owned()).collect();
        assert_eq!(
            lines,
            [
                "DELETE /files/file-1",
                "DELETE /vector_stores/vs_1",
                "DELETE /vector_stores/vs_1/files/file-1",
            ]
        );
    }
    let server = WireServer::always(WireResponse::new("500 Oops", &[], "")).await;
    assert!(openai(server.url()).delete_file("file-1").await.is_err());
}
