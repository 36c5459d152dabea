//! One reader of one stream: what it asks, what comes, and when.

use std::{net::SocketAddr, time::UNIX_EPOCH};

use anyhow::{Context as _, bail};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::http_response::ResponseParser;
use crate::demo::sse::{Decoder, Event};

/// How much is read at once.
const READ_BYTES: usize = 8 * 1024;

/// An answer that is an event stream.
pub(super) struct Events {
    socket: TcpStream,
    answer: ResponseParser,
    decoder: Decoder,
    buffer: Vec<u8>,
}

/// Events that came together.
pub(super) struct Arrived {
    /// In microseconds since 1970.
    pub(super) at: u64,
    pub(super) events: Vec<Event>,
}

impl Events {
    /// Connects and asks.
    pub(super) async fn ask(address: SocketAddr, request: &str) -> anyhow::Result<Self> {
        let mut socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        socket.write_all(request.as_bytes()).await?;
        let (answer, decoder) = (ResponseParser::default(), Decoder::default());
        Ok(Self { socket, answer, decoder, buffer: vec![0; READ_BYTES] })
    }

    /// The next events; none when the answer has come to its proper end.
    pub(super) async fn next(&mut self) -> anyhow::Result<Option<Arrived>> {
        let mut body = Vec::new();
        while !self.answer.is_over() {
            let n_bytes = self.socket.read(&mut self.buffer).await?;
            let at = now();
            if n_bytes == 0 {
                bail!("the connection was cut");
            }
            self.answer.feed(self.buffer.get(..n_bytes).unwrap_or_default(), &mut body);
            if let Some(status) = self.answer.status().filter(|it| *it != 200) {
                bail!("the answer is {status}: {}", String::from_utf8_lossy(&body));
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

/// Asks for something that is no stream; gives status and body.
pub(super) async fn exchange(
    address: SocketAddr,
    request: &str,
) -> anyhow::Result<(u16, serde_json::Value)> {
    let mut socket = TcpStream::connect(address).await?;
    socket.write_all(request.as_bytes()).await?;
    let (mut answer, mut body, mut buffer) =
        (ResponseParser::default(), Vec::new(), vec![0; READ_BYTES]);
    while !answer.is_over() {
        let n_bytes = socket.read(&mut buffer).await?;
        if n_bytes == 0 {
            bail!("the connection was cut");
        }
        answer.feed(buffer.get(..n_bytes).unwrap_or_default(), &mut body);
    }
    let status = answer.status().context("the answer has no status")?;
    Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
}

/// A request, as it goes over the wire.
pub(super) fn request(line: &str, token: &str, more: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{line} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n{more}\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

/// The wall clock, in microseconds since 1970: the same that the stand-in writes into its tokens.
#[expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
pub(super) fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// From one moment to another; less than nothing when they are the other way round.
pub(super) fn between(from: u64, to: u64) -> i64 {
    i64::try_from(i128::from(to) - i128::from(from)).unwrap_or(i64::MAX)
}
