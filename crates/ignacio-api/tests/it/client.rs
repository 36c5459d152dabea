//! An HTTP client that returns raw responses and checks each against the OpenAPI document.

use std::net::SocketAddr;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use ignacio_devstack::log_leak_scan;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::contract;

type Body = BoxBody<Bytes, std::convert::Infallible>;

/// Sends requests to one server.
#[derive(Clone)]
pub(crate) struct Client {
    pool: Pool<HttpConnector, Body>,
    address: SocketAddr,
}

/// A request that is being built.
pub(crate) struct Call {
    client: Client,
    method: Method,
    target: String,
    headers: Vec<(String, String)>,
    body: Body,
    is_checked: bool,
}

/// A complete response.
#[derive(Debug)]
pub(crate) struct ApiResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// One event of a stream.
#[derive(Debug, PartialEq)]
pub(crate) struct Event {
    pub(crate) id: Option<i64>,
    pub(crate) name: String,
    pub(crate) data: Value,
}

/// A response that is a stream of events.
pub(crate) struct Events {
    pub(crate) headers: HeaderMap,
    body: Incoming,
    read: BytesMut,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { pool: Pool::builder(TokioExecutor::new()).build_http(), address }
    }

    pub(crate) fn call(&self, method: &str, target: impl Into<String>) -> Call {
        let target = target.into();
        note_query(&target);
        Call {
            client: self.clone(),
            method: method.parse().unwrap(),
            target,
            headers: Vec::new(),
            body: Full::default().boxed(),
            is_checked: true,
        }
    }

    pub(crate) fn get(&self, target: impl Into<String>) -> Call {
        self.call("GET", target)
    }

    pub(crate) fn post(&self, target: impl Into<String>) -> Call {
        self.call("POST", target)
    }

    pub(crate) fn delete(&self, target: impl Into<String>) -> Call {
        self.call("DELETE", target)
    }
}

impl Call {
    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        log_leak_scan::note(token);
        self.header("authorization", format!("Bearer {token}"))
    }

    pub(crate) fn json(self, value: &Value) -> Self {
        log_leak_scan::note_json(value);
        self.header("content-type", "application/json").bytes(value.to_string())
    }

    pub(crate) fn bytes(mut self, bytes: impl Into<Bytes>) -> Self {
        self.body = Full::new(bytes.into()).boxed();
        self
    }

    /// A form whose parts are given by [`part`] and [`file_part`].
    pub(crate) fn form(self, parts: &[Vec<u8>]) -> Self {
        let body = [parts.concat(), b"--frontera--\r\n".to_vec()].concat();
        self.header("content-type", "multipart/form-data; boundary=frontera").bytes(body)
    }

    /// A body that is sent piece by piece, without a length; it ends when the sender is dropped.
    pub(crate) fn chunked(mut self) -> (Self, mpsc::Sender<Bytes>) {
        let (sender, mut receiver) = mpsc::channel::<Bytes>(1);
        let pieces = futures_util::stream::poll_fn(move |cx| receiver.poll_recv(cx));
        self.body = BodyExt::boxed(StreamBody::new(pieces.map(|it| Ok(Frame::data(it)))));
        (self, sender)
    }

    /// For responses that the document does not describe: unknown routes and methods.
    pub(crate) fn unchecked(mut self) -> Self {
        self.is_checked = false;
        self
    }

    pub(crate) async fn send(self) -> ApiResponse {
        let (method, target, is_checked) =
            (self.method.clone(), self.target.clone(), self.is_checked);
        let (parts, body) = self.response().await.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let answer = ApiResponse { status: parts.status, headers: parts.headers, body };
        log_leak_scan::note_json(&serde_json::from_slice(&answer.body).unwrap_or_default());
        contract::check_headers(&method, &target, &answer);
        if is_checked {
            contract::check(&method, &target, &answer);
        }
        answer
    }

    /// Opens a stream of events.
    pub(crate) async fn events(self) -> Events {
        let response = self.header("accept", "text/event-stream").response().await;
        let (parts, body) = response.into_parts();
        assert_eq!(parts.status, StatusCode::OK);
        assert_eq!(parts.headers["content-type"], "text/event-stream");
        Events { headers: parts.headers, body, read: BytesMut::new() }
    }

    async fn response(self) -> Response<Incoming> {
        let uri = format!("http://{}{}", self.client.address, self.target);
        let mut request = Request::builder().method(self.method).uri(uri);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        self.client.pool.request(request.body(self.body).unwrap()).await.unwrap()
    }
}

impl ApiResponse {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The body of a response with this status.
    pub(crate) fn ok(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        self.json()
    }

    /// The problem of a refused request, which must have this status and code.
    pub(crate) fn problem(self, status: u16, code: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{problem}");
        problem
    }

    /// The pointer and the code of the one value that was refused.
    pub(crate) fn invalid(self) -> (String, String) {
        let problem = self.problem(422, "invalid-request");
        let errors = problem["errors"].as_array().unwrap();
        assert_eq!(errors.len(), 1, "{problem}");
        let text = |name: &str| errors[0][name].as_str().unwrap().to_owned();
        (text("pointer"), text("code"))
    }
}

impl Events {
    /// The next event, without comments and the first bytes. `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(end) = self.read.windows(2).position(|it| it == b"\n\n") {
                let block = self.read.split_to(end + 2);
                if let Some(event) = parse(std::str::from_utf8(&block).unwrap()) {
                    log_leak_scan::note_json(&event.data);
                    return Some(event);
                }
                continue;
            }
            let frame = self.body.frame().await?.unwrap();
            self.read.extend_from_slice(&frame.into_data().unwrap());
        }
    }

    /// All following events, to the end.
    pub(crate) async fn rest(mut self) -> Vec<Event> {
        let mut all = Vec::new();
        while let Some(event) = self.next().await {
            all.push(event);
        }
        all
    }
}

fn parse(block: &str) -> Option<Event> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
    Some(Event {
        id: field("id: ").map(|id| id.parse().unwrap()),
        name: field("event: ")?.to_owned(),
        data: serde_json::from_str(field("data: ")?).unwrap(),
    })
}

/// Notes the search words of a query, encoded and decoded.
fn note_query(target: &str) {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    for sent in query.split('&').filter_map(|pair| pair.strip_prefix("q=")) {
        log_leak_scan::note(sent);
        form_urlencoded::parse(sent.as_bytes()).for_each(|(meant, _)| log_leak_scan::note(&meant));
    }
}

/// A plain field of a form.
pub(crate) fn part(name: &str, value: &str) -> Vec<u8> {
    format!("--frontera\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        .into_bytes()
}

/// The head of a file's field, up to its bytes.
pub(crate) fn file_head(name: &str, declared: &str) -> Vec<u8> {
    log_leak_scan::note(name);
    format!(
        "--frontera\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: {declared}\r\n\r\n"
    )
    .into_bytes()
}

/// A file's field.
pub(crate) fn file_part(name: &str, declared: &str, content: &[u8]) -> Vec<u8> {
    log_leak_scan::note(std::str::from_utf8(content).unwrap_or_default());
    [file_head(name, declared).as_slice(), content, b"\r\n"].concat()
}
