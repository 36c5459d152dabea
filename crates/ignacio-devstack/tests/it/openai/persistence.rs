//! What survives a restart, and what does not.

use ignacio_devstack::openai::{Effect, Fault, OpenAiOptions};
use serde_json::json;
use tempfile::TempDir;

use super::{Bench, events, file_search, message};

fn start(folder: &TempDir) -> Bench {
    let data_dir = Some(folder.path().to_owned());
    Bench::with(OpenAiOptions { data_dir, ..OpenAiOptions::for_tests() })
}

#[tokio::test]
async fn files_stores_and_finished_responses_survive() {
    let folder = TempDir::new().expect("a folder");
    let bench = start(&folder);
    let store = bench.store_with(&[("a.md", "El alquiler cuesta 900 euros al mes.".into())]).await;
    let gone = bench.upload("b.txt", "x").await;
    bench.delete(&format!("/files/{gone}")).await.ok();
    let fields = json!({
        "input": "¿Cuánto cuesta el alquiler?", "tools": file_search(&store), "background": true,
    });
    let before = bench.stream(fields.clone()).await;
    let id = before[0].data["response"]["id"].as_str().expect("an id").to_owned();
    let files = bench.get("/files").await.ok();
    let stores = bench.get("/vector_stores").await.ok();
    bench.openai.stop();

    let bench = start(&folder);
    assert_eq!(bench.get("/files").await.ok(), files);
    assert_eq!(bench.get("/vector_stores").await.ok()["data"][0]["id"], stores["data"][0]["id"]);
    let after = bench.get(&format!("/responses/{id}?stream=true")).await;
    assert_eq!(events(&after.text), before);
    let mut fields = fields;
    fields["background"] = json!(false);
    fields["previous_response_id"] = json!(id);
    let again = bench.ask(fields).await.ok();
    assert!(message(&again).0.contains("«El alquiler cuesta 900 euros al mes.»"));
    let file = files["data"][0]["id"].as_str().expect("an id");
    assert!(bench.openai.file_bytes(file).is_some());
    // New things come after the old ones.
    let new = bench.upload("c.txt", "x").await;
    assert_eq!(bench.get("/files").await.ok()["data"][0]["id"], json!(new));
}

#[tokio::test]
async fn a_file_that_was_not_read_yet_is_read_after_the_restart() {
    let folder = TempDir::new().expect("a folder");
    let bench = start(&folder);
    let store = bench.store_with(&[]).await;
    let file = bench.upload("a.md", "El alquiler cuesta 900 euros al mes.").await;
    bench.openai.fault(Fault::new(Effect::HoldIndexing));
    bench.post(&format!("/vector_stores/{store}/files"), &json!({ "file_id": file })).await.ok();
    bench.openai.stop();

    let bench = start(&folder);
    assert_eq!(bench.settled(&store).await["file_counts"]["completed"], 1);
}

#[tokio::test]
async fn without_a_folder_nothing_stays() {
    let bench = Bench::start();
    let file = bench.upload("a.txt", "x").await;
    assert!(bench.openai.file_bytes(&file).is_some());
    bench.openai.reset();
    assert_eq!(bench.openai.inventory(), ignacio_devstack::openai::Inventory::default());
    assert_eq!(bench.openai.file_bytes(&file), None);
}
