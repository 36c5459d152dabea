//! One reader of one event stream, with the time at which each event arrives.

use std::{net::SocketAddr, time::UNIX_EPOCH};

use anyhow::{Context as _, bail};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::http_response::ResponseParser;
use crate::demo::sse::{Decoder, Event};

/// The size of a read.
const READ_BYTES: usize = 8 * 1024;

/// An open event stream.
pub(super) struct EventStream {
    socket: TcpStream,
    response: ResponseParser,
    decoder: Decoder,
    buffer: Vec<u8>,
}

/// Events that arrived together.
pub(super) struct Arrived {
    /// In microseconds since 1970.
    pub(super) at: u64,
    pub(super) events: Vec<Event>,
}

impl EventStream {
    /// Connects and sends a request.
    pub(super) async fn open(address: SocketAddr, request: &str) -> anyhow::Result<Self> {
        let mut socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        socket.write_all(request.as_bytes()).await?;
        let (response, decoder) = (ResponseParser::default(), Decoder::default());
        Ok(Self { socket, response, decoder, buffer: vec![0; READ_BYTES] })
    }

    /// The next events, or `None` at the end of the stream.
    pub(super) async fn next(&mut self) -> anyhow::Result<Option<Arrived>> {
        let mut body = Vec::new();
        while !self.response.is_over() {
            let n_bytes = self.socket.read(&mut self.buffer).await?;
            let at = now();
            if n_bytes == 0 {
                bail!("the connection was closed early");
            }
            self.response.feed(self.buffer.get(..n_bytes).unwrap_or_default(), &mut body);
            if let Some(status) = self.response.status().filter(|it| *it != 200) {
                bail!("the response is {status}: {}", String::from_utf8_lossy(&body));
            }
            let events = self.decoder.feed(&body);
            body.clear();
            if !events.is_empty() {
                return Ok(Some(Arrived { at, events }));
            }
        }
        Ok(None)
    }
}

/// Sends a request and returns the status and the JSON body.
pub(super) async fn request_json(
    address: SocketAddr,
    request: &str,
) -> anyhow::Result<(u16, serde_json::Value)> {
    let mut socket = TcpStream::connect(address).await?;
    socket.write_all(request.as_bytes()).await?;
    let (mut response, mut body, mut buffer) =
        (ResponseParser::default(), Vec::new(), vec![0; READ_BYTES]);
    while !response.is_over() {
        let n_bytes = socket.read(&mut buffer).await?;
        if n_bytes == 0 {
            bail!("the connection was closed early");
        }
        response.feed(buffer.get(..n_bytes).unwrap_or_default(), &mut body);
    }
    let status = response.status().context("the response has no status")?;
    Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
}

/// A request in wire format.
pub(super) fn request(line: &str, token: &str, more: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{line} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n{more}\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

/// The wall clock in microseconds since 1970, as the stand-in writes it into its tokens.
#[expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
pub(super) fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// Microseconds from one moment to another; negative if `to` is earlier.
pub(super) fn between(from: u64, to: u64) -> i64 {
    i64::try_from(i128::from(to) - i128::from(from)).unwrap_or(i64::MAX)
}
