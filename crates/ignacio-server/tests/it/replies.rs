//! Replies in real processes that die, stop, and lose their readers.

mod crashes;
mod cut_streams;
mod deletion;
mod readers;
mod usage;

use ignacio_devstack::openai::Script;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::stack::{Event, Stack, events, retry_while_full, text};

/// Pieces of a text with letters of one to four bytes.
fn words(n_words: usize) -> Vec<String> {
    (0..n_words).map(|n| format!("palabra{n} año ☕ 🚀 ")).collect()
}

/// The next reply has these words.
fn script_reply(stack: &Stack, words: &[String]) {
    stack.openai.script(Script::deltas(words.to_vec()));
}

/// A posted message, and what has been read of its reply, from any process.
struct ReplyReader {
    token: String,
    response: String,
    message: String,
    conversation: String,
    seen: Vec<Event>,
    n_reconnect_hints: usize,
    stream: Option<Stream>,
}

/// One connection.
struct Stream {
    response: Response,
    bytes: Vec<u8>,
}

impl ReplyReader {
    /// Posts a message to one of the processes in a new conversation; does not follow the reply
    /// yet.
    async fn ask(stack: &Stack, replica: usize, token: &str) -> Self {
        Self::ask_for(stack, replica, token, "Cuenta.").await
    }

    /// The same with a given question.
    async fn ask_for(stack: &Stack, replica: usize, token: &str, question: &str) -> Self {
        let call = |path: String, body: Value| async move {
            let request = || stack.request_to(replica, Method::POST, &path).json(&body);
            let answer = retry_while_full(|| request().bearer_auth(token)).await;
            assert_eq!(answer.status(), StatusCode::CREATED, "{path}");
            answer.json::<Value>().await.unwrap()
        };
        let created = call("/v1/conversations".to_owned(), json!({})).await;
        let conversation = created["id"].as_str().unwrap().to_owned();
        let path = format!("/v1/conversations/{conversation}/messages");
        let posted = call(path, json!({ "content": question })).await;
        Self {
            token: token.to_owned(),
            response: posted["response"]["id"].as_str().unwrap().to_owned(),
            message: posted["reply"]["id"].as_str().unwrap().to_owned(),
            conversation,
            seen: Vec::new(),
            n_reconnect_hints: 0,
            stream: None,
        }
    }

    /// Reconnects to one of the processes with the last event number.
    async fn follow(&mut self, stack: &Stack, replica: usize) {
        let path = format!("/v1/responses/{}/events", self.response);
        let last = self.seen.last().map_or(0, |it| it.id);
        let request = || {
            let request = stack.request_to(replica, Method::GET, &path);
            request.bearer_auth(&self.token).header("Last-Event-ID", last.to_string())
        };
        let response = retry_while_full(request).await;
        assert_eq!(response.status(), StatusCode::OK);
        self.stream = Some(Stream { response, bytes: Vec::new() });
    }

    /// Reads until this many words have arrived, or the reply or the connection has ended.
    async fn read_words(&mut self, n_words: usize) {
        while self.text().matches("palabra").count() < n_words && self.read_chunk().await {}
    }

    /// Reads this many more events, unless the reply or the connection ends first.
    async fn read_events(&mut self, n_events: usize) {
        let enough = self.seen.len() + n_events;
        while self.seen.len() < enough && self.read_chunk().await {}
    }

    /// Reads until the connection ends.
    async fn read_all(&mut self) {
        while self.read_chunk().await {}
    }

    /// False at the end.
    async fn read_chunk(&mut self) -> bool {
        let Some(stream) = &mut self.stream else { return false };
        let Ok(Some(piece)) = stream.response.chunk().await else {
            self.stream = None;
            return false;
        };
        stream.bytes.extend_from_slice(&piece);
        let whole = stream.bytes.windows(2).rposition(|it| it == b"\n\n").map_or(0, |it| it + 2);
        let body = String::from_utf8(stream.bytes.drain(..whole).collect()).unwrap();
        self.n_reconnect_hints += body.matches("event: reconnect").count();
        for event in events(&body) {
            let last = self.seen.last().map_or(0, |it| it.id);
            assert!(event.id > last, "{} came after {last}", event.id);
            self.seen.push(event);
        }
        true
    }

    /// Closes the connection, as a client does that leaves.
    fn disconnect(&mut self) {
        self.stream = None;
    }

    fn text(&self) -> String {
        text(&self.seen)
    }

    fn end(&self) -> Option<&str> {
        self.seen.last().map(|it| it.kind.as_str()).filter(|it| it.starts_with("response."))
    }

    fn is_over(&self) -> bool {
        self.end().is_some_and(|it| it != "response.created")
    }

    /// Checks that the text that was read and the stored text are these words, and complete.
    async fn assert_complete(&self, stack: &Stack, words: &[String], when: &str) {
        assert_eq!(self.end(), Some("response.completed"), "{when}");
        assert_eq!(self.text(), words.concat(), "{when}");
        let stored = stack.user(&self.token).get(&format!("/v1/messages/{}", self.message)).await;
        assert_eq!(stored["content"], words.concat(), "{when}");
        assert_eq!(stored["status"], "complete", "{when}");
    }

    /// A column of its row.
    async fn column(&self, stack: &Stack, name: &str) -> Option<String> {
        let query = format!("select {name}::text from responses where id = '{}'", self.response);
        stack.database.query_column(&query).await.into_iter().next().flatten()
    }
}
