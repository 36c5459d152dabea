//! The OpenAI stand-in, over real HTTP.

mod documents;
mod faults;
mod files;
mod persistence;
mod responses;
mod stores;
mod streams;
mod transport;

use std::{io::Write as _, time::Duration};

use ignacio_devstack::openai::{OpenAiOptions, OpenAiStandIn};
use reqwest::{
    Client, Method, RequestBuilder, Response,
    multipart::{Form, Part},
};
use serde_json::{Value, json};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// A stand-in and a client for it.
struct Bench {
    openai: OpenAiStandIn,
    http: Client,
}

/// An answer that was read to its end.
#[derive(Debug)]
struct Answer {
    status: u16,
    retry_after: Option<String>,
    content_type: String,
    text: String,
}

impl Answer {
    async fn read(response: Response) -> Self {
        let header = |name: &str| {
            response.headers().get(name).and_then(|it| it.to_str().ok()).map(str::to_owned)
        };
        Self {
            status: response.status().as_u16(),
            retry_after: header("retry-after"),
            content_type: header("content-type").unwrap_or_default(),
            text: response.text().await.expect("a whole body"),
        }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The JSON of an answer that is to be 200.
    fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()
    }

    /// The status, `error.code` and `error.param`.
    fn error(&self) -> (u16, Value, Value) {
        let error = self.json()["error"].clone();
        assert!(error["message"].is_string() && error["type"].is_string(), "{}", self.text);
        (self.status, error["code"].clone(), error["param"].clone())
    }
}

/// An event of a stream.
#[derive(Clone, Debug, PartialEq)]
struct Event {
    name: String,
    data: Value,
}

impl Bench {
    fn start() -> Self {
        Self::with(OpenAiOptions::for_tests())
    }

    fn with(options: OpenAiOptions) -> Self {
        let openai = OpenAiStandIn::start(options).expect("a stand-in");
        Self { openai, http: client() }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.openai.base_url());
        self.http.request(method, url).bearer_auth("sk-test")
    }

    async fn get(&self, path: &str) -> Answer {
        Answer::read(self.request(Method::GET, path).send().await.expect("an answer")).await
    }

    async fn delete(&self, path: &str) -> Answer {
        Answer::read(self.request(Method::DELETE, path).send().await.expect("an answer")).await
    }

    fn posting(&self, path: &str, body: &Value) -> RequestBuilder {
        self.request(Method::POST, path).json(body)
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::read(self.posting(path, body).send().await.expect("an answer")).await
    }

    /// The answer to a request for a response.
    async fn ask(&self, fields: Value) -> Answer {
        self.post("/responses", &asking(fields)).await
    }

    /// The events of a streamed response.
    async fn stream(&self, fields: Value) -> Vec<Event> {
        let mut body = asking(fields);
        body["stream"] = json!(true);
        let answer = self.post("/responses", &body).await;
        assert_eq!(answer.content_type, "text/event-stream; charset=utf-8", "{}", answer.text);
        events(&answer.text)
    }

    async fn send_form(&self, form: Form) -> Answer {
        let request = self.request(Method::POST, "/files").multipart(form);
        Answer::read(request.send().await.expect("an answer")).await
    }

    /// Uploads a document; its id comes back.
    async fn upload(&self, filename: &str, bytes: impl Into<Vec<u8>>) -> String {
        let file = self.send_form(form("user_data", filename, bytes)).await.ok();
        file["id"].as_str().expect("an id").to_owned()
    }

    /// A vector store with documents in it, all read; its id comes back.
    async fn store_with(&self, documents: &[(&str, Vec<u8>)]) -> String {
        let store = self.post("/vector_stores", &json!({ "name": "docs" })).await.ok();
        let id = store["id"].as_str().expect("an id").to_owned();
        for (filename, bytes) in documents {
            let file = self.upload(filename, bytes.clone()).await;
            self.post(&format!("/vector_stores/{id}/files"), &json!({ "file_id": file }))
                .await
                .ok();
        }
        self.settled(&id).await;
        id
    }

    /// Waits until no file of a store is being read any more; the store comes back.
    async fn settled(&self, store: &str) -> Value {
        self.until("all files are read", |it| it.inventory().unread == 0).await;
        self.get(&format!("/vector_stores/{store}")).await.ok()
    }

    /// Waits until the stand-in has seen something.
    async fn until(&self, what: &str, holds: impl Fn(&OpenAiStandIn) -> bool) {
        assert!(self.openai.until(PATIENCE, holds).await, "timed out: {what}");
    }

    /// The status of a response, once it is over.
    async fn over(&self, id: &str) -> Value {
        self.until("all responses end", |it| it.inventory().running == 0).await;
        self.get(&format!("/responses/{id}")).await.ok()
    }
}

/// Says that a test was skipped, past the harness, which hides what a test prints.
pub(crate) fn skipped(reason: &str) {
    writeln!(std::io::stderr(), "SKIPPED: {reason}").expect("a place to write to");
}

/// A client without keys or limits.
#[expect(clippy::disallowed_methods, reason = "the rule is about the service's own clients")]
fn client() -> Client {
    // A second test in this process finds the provider installed.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().build().expect("a client")
}

/// A request for a response with some fields set.
fn asking(fields: Value) -> Value {
    let mut body = json!({ "model": "gpt-5-mini", "input": "Hola" });
    if let (Some(body), Value::Object(fields)) = (body.as_object_mut(), fields) {
        body.extend(fields);
    }
    body
}

/// The tool that searches a store.
fn file_search(store: &str) -> Value {
    json!([{ "type": "file_search", "vector_store_ids": [store] }])
}

fn form(purpose: &str, filename: &str, bytes: impl Into<Vec<u8>>) -> Form {
    let file = Part::bytes(bytes.into()).file_name(filename.to_owned());
    Form::new().text("purpose", purpose.to_owned()).part("file", file)
}

/// The events of a stream's text, as far as they are whole.
fn events(text: &str) -> Vec<Event> {
    let whole = text.rsplit_once("\n\n").map_or("", |(whole, _)| whole);
    let event = |block: &str| {
        let (name, data) = block.split_once('\n').expect("two lines");
        Event {
            name: name.strip_prefix("event: ").expect("a name").to_owned(),
            data: serde_json::from_str(data.strip_prefix("data: ").expect("data")).expect("JSON"),
        }
    };
    whole.split("\n\n").filter(|it| !it.is_empty()).map(event).collect()
}

/// The names of events, each run of deltas as one.
fn names(events: &[Event]) -> Vec<&str> {
    let mut names: Vec<&str> = events.iter().map(|it| it.name.as_str()).collect();
    names.dedup_by(|a, b| a == b && a.contains("_text.delta"));
    names
}

/// The text that the deltas of events make.
fn written(events: &[Event]) -> String {
    events.iter().filter_map(|it| it.data["delta"].as_str()).collect()
}

/// The text and the annotations of a response's message.
fn message(response: &Value) -> (String, Vec<Value>) {
    let output = response["output"].as_array().expect("output");
    let message = output.iter().find(|it| it["type"] == "message").expect("a message");
    let part = &message["content"][0];
    let annotations = part["annotations"].as_array().expect("annotations").clone();
    (part["text"].as_str().expect("text").to_owned(), annotations)
}
