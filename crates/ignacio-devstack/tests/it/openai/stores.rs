//! Vector stores and their files.

use std::time::Duration;

use ignacio_devstack::openai::{Effect, Fault};
use serde_json::{Value, json};

use super::Bench;

#[tokio::test]
async fn a_store_lives_from_creation_to_deletion() {
    let bench = Bench::start();
    let fields = json!({
        "name": "ign-test-ana", "metadata": { "env": "test" },
        "expires_after": { "anchor": "last_active_at", "days": 7 },
    });
    let store = bench.post("/vector_stores", &fields).await.ok();
    let id = store["id"].as_str().expect("an id").to_owned();
    assert!(id.starts_with("vs_"));
    assert_eq!(
        (&store["status"], &store["file_counts"]["total"]),
        (&json!("completed"), &json!(0))
    );
    assert_eq!(
        store["expires_at"].as_i64(),
        store["last_active_at"].as_i64().map(|it| it + 604_800)
    );

    let path = format!("/vector_stores/{id}");
    let renamed = bench.post(&path, &json!({ "name": "ana" })).await.ok();
    assert_eq!((&renamed["name"], &renamed["metadata"]["env"]), (&json!("ana"), &json!("test")));
    assert_eq!(bench.get("/vector_stores?limit=1").await.ok()["data"][0]["id"], json!(id));
    let deleted = json!({ "id": id, "object": "vector_store.deleted", "deleted": true });
    assert_eq!(bench.delete(&path).await.ok(), deleted);
    assert_eq!(bench.get(&path).await.error(), (404, Value::Null, json!("vector_store_id")));
    assert_eq!(bench.openai.inventory().stores, 0);
}

#[tokio::test]
async fn a_file_is_read_and_can_be_listed_changed_and_taken_out() {
    let bench = Bench::start();
    let store = bench.store_with(&[]).await;
    let file = bench.upload("plan.md", "El plan es vender pan en la plaza.").await;
    let files = format!("/vector_stores/{store}/files");
    let body = json!({ "file_id": file, "attributes": { "user_id": "ana" } });
    let attached = bench.post(&files, &body).await.ok();
    assert_eq!((&attached["status"], &attached["id"]), (&json!("in_progress"), &json!(file)));

    let counts = &bench.settled(&store).await["file_counts"];
    assert_eq!((&counts["completed"], &counts["total"]), (&json!(1), &json!(1)));
    let one = format!("{files}/{file}");
    let found = bench.get(&one).await.ok();
    assert_eq!((&found["status"], &found["last_error"]), (&json!("completed"), &Value::Null));
    assert!(found["usage_bytes"].as_u64().is_some_and(|it| it > 0));
    let content = bench.get(&format!("{one}/content")).await.ok();
    assert_eq!(content["data"][0]["text"], "El plan es vender pan en la plaza.");

    let changed = bench.post(&one, &json!({ "attributes": { "user_id": "ben" } })).await.ok();
    assert_eq!(changed["attributes"], json!({ "user_id": "ben" }));
    let listed = |filter: &str| format!("{files}?filter={filter}");
    assert_eq!(bench.get(&listed("completed")).await.ok()["data"][0], changed);
    assert_eq!(bench.get(&listed("failed")).await.ok()["data"], json!([]));
    assert_eq!(bench.get(&listed("lost")).await.error().0, 400);

    // A second time changes nothing: there is one entry for a file.
    bench.post(&files, &body).await.ok();
    assert_eq!(bench.settled(&store).await["file_counts"]["total"], 1);
    assert_eq!(bench.delete(&one).await.ok()["object"], "vector_store.file.deleted");
    assert_eq!(bench.get(&one).await.error().0, 404);
    assert_eq!(bench.get(&format!("/files/{file}")).await.status, 200);
}

#[tokio::test]
async fn what_cannot_be_read_fails_with_a_reason() {
    let bench = Bench::start();
    let documents = [("foto.png", b"\x89PNG".to_vec()), ("roto.pdf", b"%PDF-1.7 broken".to_vec())];
    let store = bench.store_with(&documents).await;
    let failed = bench.get(&format!("/vector_stores/{store}/files?order=asc")).await.ok();
    let code = |index: usize| failed["data"][index]["last_error"]["code"].clone();
    assert_eq!((code(0), code(1)), (json!("unsupported_file"), json!("invalid_file")));
    assert_eq!(bench.settled(&store).await["file_counts"]["failed"], 2);
    let files = format!("/vector_stores/{store}/files");
    assert_eq!(bench.post(&files, &json!({ "file_id": "file-0" })).await.error().0, 404);
}

#[tokio::test]
async fn indexing_can_stall_and_can_fail() {
    let bench = Bench::start();
    let store = bench.store_with(&[]).await;
    let file = bench.upload("a.txt", "El alquiler cuesta 900 euros.").await;
    let attach = || async {
        let files = format!("/vector_stores/{store}/files");
        bench.post(&files, &json!({ "file_id": file })).await.ok();
    };
    let status = || async {
        bench.get(&format!("/vector_stores/{store}/files/{file}")).await.ok()["status"].clone()
    };

    let hold = bench.openai.fault(Fault::new(Effect::HoldIndexing));
    attach().await;
    assert_eq!(status().await, "in_progress");
    assert_eq!(bench.get(&format!("/vector_stores/{store}")).await.ok()["status"], "in_progress");
    bench.openai.lift(hold);
    bench.settled(&store).await;
    assert_eq!(status().await, "completed");

    let (code, message) = ("server_error".to_owned(), "An internal error occurred.".to_owned());
    bench.openai.fault(Fault::new(Effect::FailIndexing { code, message }));
    attach().await;
    bench.settled(&store).await;
    assert_eq!(status().await, "failed");
}

#[tokio::test]
async fn a_deleted_file_goes_out_of_every_store() {
    let bench = Bench::start();
    let one = bench.store_with(&[("a.txt", b"El alquiler cuesta 900 euros.".to_vec())]).await;
    let files = bench.get(&format!("/vector_stores/{one}/files")).await.ok();
    let file = files["data"][0]["id"].as_str().expect("an id").to_owned();
    let two = bench.post("/vector_stores", &json!({ "file_ids": [file] })).await.ok();
    let two = two["id"].as_str().expect("an id");
    bench.settled(two).await;
    assert_eq!(bench.openai.inventory().store_files, 2);

    bench.delete(&format!("/files/{file}")).await.ok();
    assert_eq!(bench.openai.inventory().store_files, 0);
    let search = format!("/vector_stores/{two}/search");
    let found = bench.post(&search, &json!({ "query": "alquiler" })).await.ok();
    assert_eq!(found["data"], json!([]));
}

#[tokio::test]
async fn a_search_honours_filters_and_limits() {
    let bench = Bench::start();
    let store = bench.store_with(&[]).await;
    for (user, price) in [("ana", "900"), ("ben", "700")] {
        let text = format!("El alquiler del local cuesta {price} euros.");
        let file = bench.upload(&format!("{user}.txt"), text).await;
        let body = json!({ "file_id": file, "attributes": { "user_id": user } });
        bench.post(&format!("/vector_stores/{store}/files"), &body).await.ok();
    }
    bench.settled(&store).await;
    let search = |more: Value| {
        let mut body = json!({ "query": "¿Cuánto cuesta el alquiler?" });
        body.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("fields"));
        let bench = &bench;
        let path = format!("/vector_stores/{store}/search");
        async move { bench.post(&path, &body).await }
    };

    let all = search(json!({})).await.ok();
    assert_eq!(all["data"].as_array().map(Vec::len), Some(2));
    let ana = json!({ "type": "eq", "key": "user_id", "value": "ana" });
    let found = search(json!({ "filters": { "type": "and", "filters": [ana] } })).await.ok();
    assert_eq!(found["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(found["data"][0]["filename"], "ana.txt");
    assert_eq!(found["data"][0]["content"][0]["text"], "El alquiler del local cuesta 900 euros.");
    let one = search(json!({ "max_num_results": 1 })).await.ok();
    assert_eq!(one["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(search(json!({ "max_num_results": 51 })).await.error().0, 400);
    assert_eq!(search(json!({ "filters": { "type": "like" } })).await.error().0, 400);
}

#[tokio::test]
async fn the_comparisons_of_a_filter_hold_and_combine() {
    let bench = Bench::start();
    let store = bench.store_with(&[]).await;
    let file = bench.upload("plan.txt", "El alquiler cuesta 900 euros.").await;
    let attributes = json!({ "user_id": "ana", "year": 2026, "draft": false });
    let body = json!({ "file_id": file, "attributes": attributes });
    bench.post(&format!("/vector_stores/{store}/files"), &body).await.ok();
    bench.settled(&store).await;
    let search = async |filter: &Value| {
        let body = json!({ "query": "alquiler", "filters": filter });
        bench.post(&format!("/vector_stores/{store}/search"), &body).await
    };
    let is =
        |kind: &str, key: &str, value: Value| json!({ "type": kind, "key": key, "value": value });
    let (ana, old) = (is("eq", "user_id", json!("ana")), is("lt", "year", json!(2000)));
    for (filter, n_found) in [
        (ana.clone(), 1),
        (is("eq", "user_id", json!("ben")), 0),
        (is("eq", "nobody", json!("ana")), 0),
        (is("gte", "year", json!(2026.0)), 1),
        (is("in", "year", json!([2025, 2026])), 1),
        (is("ne", "draft", json!(true)), 1),
        (json!({ "type": "and", "filters": [ana, old] }), 0),
        (json!({ "type": "or", "filters": [ana, old] }), 1),
    ] {
        let found = search(&filter).await.ok()["data"].as_array().map(Vec::len);
        assert_eq!(found, Some(n_found), "{filter}");
    }
    for wrong in
        [is("like", "a", json!(1)), json!({ "type": "eq", "key": "a" }), json!({ "type": "and" })]
    {
        assert_eq!(search(&wrong).await.error().0, 400, "{wrong}");
    }
}

#[tokio::test]
async fn a_store_that_is_not_used_expires() {
    let bench = Bench::start();
    let expiry = json!({ "expires_after": { "anchor": "last_active_at", "days": 1 } });
    let store = bench.post("/vector_stores", &expiry).await.ok();
    let path = format!("/vector_stores/{}", store["id"].as_str().expect("an id"));
    bench.openai.advance(Duration::from_hours(23));
    bench.post(&format!("{path}/search"), &json!({ "query": "pan" })).await.ok();
    bench.openai.advance(Duration::from_hours(23));
    assert_eq!(bench.get(&path).await.ok()["status"], "completed");
    bench.openai.advance(Duration::from_hours(1));
    assert_eq!(bench.get(&path).await.ok()["status"], "expired");
    let search = bench.post(&format!("{path}/search"), &json!({ "query": "pan" })).await;
    assert_eq!(search.error().0, 400);
}
