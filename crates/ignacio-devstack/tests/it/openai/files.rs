//! Files.

use std::time::Duration;

use ignacio_devstack::openai::OpenAiOptions;
use reqwest::{Method, multipart::Form};
use serde_json::{Value, json};

use super::{Answer, Bench, form};

#[tokio::test]
async fn without_a_key_nothing_is_answered() {
    let bench = Bench::start();
    let url = format!("{}/files", bench.openai.base_url());
    let none = bench.http.get(&url).send().await.expect("an answer");
    assert_eq!(Answer::read(none).await.error(), (401, Value::Null, Value::Null));
    let empty = bench.http.get(&url).bearer_auth("").send().await.expect("an answer");
    assert_eq!(empty.status(), 401);

    let calls = bench.openai.calls();
    assert_eq!(calls.iter().map(|it| it.is_authorized).collect::<Vec<_>>(), [false, false]);
    assert!(!format!("{:?}", bench.openai.calls()).contains("sk-test"));
}

#[tokio::test]
async fn a_file_lives_from_upload_to_deletion() {
    let bench = Bench::start();
    let file = bench.send_form(form("user_data", "Plan de año.md", "# Plan")).await.ok();
    let id = file["id"].as_str().expect("an id");
    assert!(id.starts_with("file-"));
    assert_eq!(file["filename"], "Plan de año.md");
    assert_eq!((&file["bytes"], &file["purpose"]), (&json!(6), &json!("user_data")));

    let path = format!("/files/{id}");
    assert_eq!(bench.get(&path).await.ok(), file);
    assert_eq!(bench.openai.file_bytes(id).as_deref(), Some("# Plan".as_bytes()));
    let deleted = json!({ "id": id, "object": "file", "deleted": true });
    assert_eq!(bench.delete(&path).await.ok(), deleted);
    assert_eq!(bench.get(&path).await.error(), (404, Value::Null, json!("id")));
    assert_eq!(bench.delete(&path).await.status, 404);
    assert_eq!(bench.openai.inventory().files, 0);

    let upload = bench.openai.calls_to("POST", "/v1/files").remove(0).upload.expect("an upload");
    assert!(upload.has_content_length && upload.has_purpose_first);
    assert_eq!((upload.bytes, upload.purpose.as_str()), (6, "user_data"));
    let sha256 = "1ee55b7ae632bd99dfea4f2d791ff06b1119975e96d4f822050923e7499f44cb";
    assert_eq!(upload.sha256, sha256);
}

#[tokio::test]
async fn the_list_goes_page_by_page() {
    let bench = Bench::start();
    let mut ids = Vec::new();
    for index in 0..5 {
        ids.push(bench.upload(&format!("{index}.txt"), "x").await);
    }
    bench.send_form(form("batch", "b.jsonl", "{}")).await.ok();

    let mut seen: Vec<Value> = Vec::new();
    let mut path = "/files?purpose=user_data&order=asc&limit=2".to_owned();
    loop {
        let page = bench.get(&path).await.ok();
        assert_eq!(page["object"], "list");
        let data = page["data"].as_array().expect("data");
        assert_eq!(page["first_id"], data[0]["id"]);
        seen.extend(data.iter().map(|it| it["id"].clone()));
        if page["has_more"] == false {
            break;
        }
        let last = page["last_id"].as_str().expect("an id");
        path = format!("/files?purpose=user_data&order=asc&limit=2&after={last}");
    }
    assert_eq!(json!(seen), json!(ids));
    assert_eq!(bench.get("/files").await.ok()["data"].as_array().map(Vec::len), Some(6));
    let page = bench.get(&format!("/files?before={}&limit=1", ids[2])).await.ok();
    assert_eq!((&page["data"][0]["id"], &page["last_id"]), (&json!(ids[3]), &json!(ids[3])));
    for wrong in ["limit=10001", "limit=x", "order=up", "after=file-0"] {
        assert_eq!(bench.get(&format!("/files?{wrong}")).await.error().0, 400, "{wrong}");
    }
    let (status, code, param) = bench.get("/files?limit=0").await.error();
    assert_eq!((status, code, param), (400, json!("integer_below_min_value"), json!("limit")));
}

#[tokio::test]
async fn what_the_api_does_not_take_is_refused() {
    let bench = Bench::with(OpenAiOptions { max_file_bytes: 10, ..OpenAiOptions::for_tests() });
    assert_eq!(bench.send_form(form("user_data", "leer.txt", "")).await.error().0, 400);
    assert_eq!(bench.send_form(form("user_data", "diez.txt", "0123456789")).await.status, 200);
    assert_eq!(bench.send_form(form("user_data", "once.txt", "01234567890")).await.error().0, 413);
    assert_eq!(bench.send_form(form("gossip", "a.txt", "x")).await.error().0, 400);
    assert_eq!(bench.send_form(Form::new().text("purpose", "user_data")).await.error().0, 400);
    assert_eq!(bench.post("/files", &json!({})).await.error().0, 400);
    assert_eq!(bench.openai.inventory().files, 1);
}

#[tokio::test]
async fn a_file_can_expire() {
    let bench = Bench::start();
    let lives = |seconds: &str| {
        form("user_data", "a.txt", "x")
            .text("expires_after[anchor]", "created_at")
            .text("expires_after[seconds]", seconds.to_owned())
    };
    let file = bench.send_form(lives("3600")).await.ok();
    assert_eq!(file["expires_at"].as_i64(), file["created_at"].as_i64().map(|it| it + 3600));
    assert_eq!(bench.send_form(lives("60")).await.error().0, 400);

    bench.openai.advance(Duration::from_hours(1));
    let id = file["id"].as_str().expect("an id");
    assert_eq!(bench.get(&format!("/files/{id}")).await.status, 404);
}

#[tokio::test]
async fn bytes_come_back_only_for_some_purposes() {
    let bench = Bench::start();
    let batch = bench.send_form(form("batch", "b.jsonl", "{}\n")).await.ok();
    let id = batch["id"].as_str().expect("an id");
    assert_eq!(bench.get(&format!("/files/{id}/content")).await.text, "{}\n");
    let private = bench.upload("a.txt", "x").await;
    assert_eq!(bench.get(&format!("/files/{private}/content")).await.error().0, 400);
}

#[tokio::test]
async fn unknown_places_and_broken_bodies_are_named() {
    let bench = Bench::start();
    assert_eq!(bench.get("/nowhere").await.error().0, 404);
    let broken =
        bench.request(Method::POST, "/responses").header("content-type", "application/json");
    let answer = broken.body("{\"model\":").send().await.expect("an answer");
    assert_eq!(Answer::read(answer).await.error().0, 400);
    let text = bench.request(Method::POST, "/responses").body("hola").send().await;
    let (status, code, _) = Answer::read(text.expect("an answer")).await.error();
    assert_eq!((status, code), (400, json!("unsupported_content_type")));
}
