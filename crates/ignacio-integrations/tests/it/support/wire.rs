//! A raw HTTP/1.1 server that responds byte by byte as a test plans, and records the requests.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use ignacio_devstack::log_leak_scan;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use super::logs;

/// A request as it arrived over the wire.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// Method and path, as in `GET /files`.
    pub(crate) fn line(&self) -> &str {
        self.head.split(" HTTP/1.1").next().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// What the server writes, and what it does afterwards.
#[derive(Clone, Debug)]
pub(crate) struct WireResponse {
    bytes: Vec<u8>,
    hangs: bool,
}

impl WireResponse {
    /// A response with a body of known length.
    pub(crate) fn new(status: &str, headers: &[(&str, &str)], body: &str) -> Self {
        let length = body.len().to_string();
        let mut bytes = head(status, headers, &[("content-length", &length)]);
        bytes.extend_from_slice(body.as_bytes());
        Self { bytes, hangs: false }
    }

    /// A JSON response.
    pub(crate) fn json(status: &str, body: &Value) -> Self {
        Self::new(status, &[("content-type", "application/json")], &body.to_string())
    }

    /// An event stream that ends with the connection: a cut looks like an end.
    pub(crate) fn events(body: &[u8]) -> Self {
        let mut bytes = head("200 OK", &[("content-type", "text/event-stream")], &[]);
        bytes.extend_from_slice(body);
        Self { bytes, hangs: false }
    }

    /// An event stream in chunks of these sizes, repeated; each chunk arrives separately. Without
    /// its `end` it is visibly cut.
    pub(crate) fn chunked(body: &[u8], sizes: &[usize], end: bool) -> Self {
        let own = [("transfer-encoding", "chunked")];
        let mut bytes = head("200 OK", &[("content-type", "text/event-stream")], &own);
        let mut rest = body;
        for size in sizes.iter().cycle() {
            let (chunk, behind) = rest.split_at((*size).min(rest.len()));
            bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            bytes.extend_from_slice(chunk);
            bytes.extend_from_slice(b"\r\n");
            rest = behind;
            if rest.is_empty() {
                break;
            }
        }
        if end {
            bytes.extend_from_slice(b"0\r\n\r\n");
        }
        Self { bytes, hangs: false }
    }

    /// The same, but the connection stays open afterwards and nothing more comes.
    pub(crate) fn hanging(mut self) -> Self {
        self.hangs = true;
        self
    }

    /// The same, cut after this many bytes.
    pub(crate) fn cut(mut self, at: usize) -> Self {
        self.bytes.truncate(at);
        self
    }
}

fn head(status: &str, headers: &[(&str, &str)], own: &[(&str, &str)]) -> Vec<u8> {
    let lines: String =
        headers.iter().chain(own).flat_map(|(name, value)| [name, ": ", value, "\r\n"]).collect();
    format!("HTTP/1.1 {status}\r\nconnection: close\r\n{lines}\r\n").into_bytes()
}

/// The server; it stops when it is dropped.
pub(crate) struct WireServer {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    _accepting: JoinSet<()>,
}

impl WireServer {
    /// Responds to every request with `response`, which also gets the number of earlier requests.
    pub(crate) async fn start(
        response: impl Fn(&Request, usize) -> WireResponse + Send + Sync + 'static,
    ) -> Self {
        logs::install();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, Arc::clone(&requests), Arc::new(response)));
        Self { address, requests, _accepting: accepting }
    }

    /// Always sends the same response.
    pub(crate) async fn always(response: WireResponse) -> Self {
        Self::start(move |_, _| response.clone()).await
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// The only request.
    pub(crate) fn request(&self) -> Request {
        let mut requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests.remove(0)
    }
}

async fn accept<F>(listener: TcpListener, requests: Arc<Mutex<Vec<Request>>>, response: Arc<F>)
where
    F: Fn(&Request, usize) -> WireResponse + Send + Sync + 'static,
{
    let mut connections = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        let requests = Arc::clone(&requests);
        let response = Arc::clone(&response);
        connections.spawn(async move {
            let mut socket = socket;
            let Some(request) = read(&mut socket).await else { return };
            log_leak_scan::note_json(&serde_json::from_slice(&request.body).unwrap_or_default());
            let n_before = {
                let mut requests = requests.lock().unwrap();
                requests.push(request.clone());
                requests.len() - 1
            };
            let response = response(&request, n_before);
            socket.write_all(&response.bytes).await.ok();
            if response.hangs {
                // Until the client disconnects.
                socket.read_to_end(&mut Vec::new()).await.ok();
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn read(socket: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let split = loop {
        if let Some(at) = bytes.windows(4).position(|it| it == b"\r\n\r\n") {
            break at;
        }
        (socket.read_buf(&mut bytes).await.ok()? > 0).then_some(())?;
    };
    let mut body = bytes.split_off(split + 4);
    let request = Request { head: String::from_utf8(bytes).unwrap(), body: Vec::new() };
    let length = request.header("content-length").map_or(0, |it| it.parse().unwrap());
    while body.len() < length {
        (socket.read_buf(&mut body).await.ok()? > 0).then_some(())?;
    }
    Some(Request { body, ..request })
}
