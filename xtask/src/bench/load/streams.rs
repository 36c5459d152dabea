//! The readers of a load: they post a message and read the reply, or resume a stream in the middle.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use anyhow::{Context as _, bail};
use rand::{Rng as _, rand_core::UnwrapErr, rngs::SysRng};
use serde_json::Value;

use crate::{
    bench::{
        reader::{EventStream, between, now, request},
        stack::User,
        tokens::{Order, Token, tokens},
    },
    demo::sse::Event,
};

/// The server under load.
#[derive(Clone, Copy, Debug)]
pub(in crate::bench) enum Target {
    /// The service.
    Service(SocketAddr),
    /// The OpenAI stand-in, to measure what it and the client use without the service.
    StandIn(SocketAddr),
}

/// State shared by all readers.
pub(super) struct Shared {
    target: Target,
    users: Vec<User>,
    /// How many tokens each reply has.
    pub(super) count: u32,
    /// How many readers have their first event.
    pub(super) begun: AtomicUsize,
    /// The bounds of the measurement, in microseconds since 1970: delays of tokens within it count.
    pub(super) begins: AtomicU64,
    pub(super) ends: AtomicU64,
    positions: Vec<Mutex<Position>>,
}

/// How far a stream has been read.
#[derive(Clone, Debug, Default)]
struct Position {
    response: String,
    /// The number of its last event.
    last: i64,
    /// The number of the event with its first token.
    base: i64,
}

impl Position {
    /// The first token after an event; the very first if no token has arrived yet.
    fn next_token(&self, after: i64) -> anyhow::Result<u32> {
        let token = if self.base == 0 { 0 } else { (after + 1 - self.base).max(0) };
        Ok(u32::try_from(token)?)
    }
}

/// The result of one reader.
#[derive(Debug)]
pub(super) struct ReaderResult {
    pub(super) order: Order,
    /// From the request to the first token, minus the provider's own time. In microseconds.
    pub(super) first: Option<i64>,
    /// From the request of a follower to its first event.
    pub(super) replayed: Option<i64>,
    /// The delays of the tokens during the measurement.
    pub(super) delays: Vec<i64>,
}

impl Shared {
    pub(super) fn new(target: Target, users: Vec<User>, count: u32) -> Self {
        let positions = users.iter().map(|_| Mutex::default()).collect();
        let (begins, ends) = (AtomicU64::new(u64::MAX), AtomicU64::new(u64::MAX));
        Self { target, users, count, begun: AtomicUsize::new(0), begins, ends, positions }
    }

    pub(super) fn len(&self) -> usize {
        self.users.len()
    }

    fn user(&self, index: usize) -> anyhow::Result<&User> {
        self.users.get(index).context("there is no such user")
    }

    fn position(&self, index: usize) -> anyhow::Result<MutexGuard<'_, Position>> {
        let position = self.positions.get(index).context("there is no such stream")?;
        Ok(position.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn is_measuring(&self, at: u64) -> bool {
        (self.begins.load(Ordering::Relaxed)..self.ends.load(Ordering::Relaxed)).contains(&at)
    }
}

impl ReaderResult {
    fn from(first: u32) -> Self {
        Self { order: Order::from(first), first: None, replayed: None, delays: Vec::new() }
    }

    fn take(&mut self, shared: &Shared, token: Token, at: u64) {
        self.order.record(token.number);
        if shared.is_measuring(at) {
            self.delays.push(between(token.clock, at));
        }
    }
}

/// Posts a message and reads the reply to its end.
pub(super) async fn post_and_read(
    shared: Arc<Shared>,
    index: usize,
) -> anyhow::Result<ReaderResult> {
    let user = shared.user(index)?;
    let (address, request) = match shared.target {
        Target::Service(address) => (address, message(user)),
        Target::StandIn(address) => (address, provider_request()),
    };
    let mut result = ReaderResult::from(0);
    let requested = now();
    let mut events = EventStream::open(address, &request).await?;
    let mut is_whole = false;
    while let Some(arrived) = events.next().await? {
        for event in &arrived.events {
            is_whole |= is_end(event)?;
            record_position(&shared, index, event)?;
            for token in tokens_of(event) {
                if result.order.end() == 0 {
                    shared.begun.fetch_add(1, Ordering::Relaxed);
                    let own = i64::try_from(token.age).unwrap_or(i64::MAX);
                    result.first = Some(between(requested, arrived.at) - own);
                }
                result.take(&shared, token, arrived.at);
            }
        }
    }
    if is_whole { Ok(result) } else { bail!("a stream ended without its final event") }
}

/// Joins a reply after an event that its first reader has seen, and reads it to its end.
pub(super) async fn resume(shared: Arc<Shared>, index: usize) -> anyhow::Result<ReaderResult> {
    let Target::Service(address) = shared.target else {
        bail!("only streams of the service have followers")
    };
    let position = shared.position(index)?.clone();
    let last = u64::try_from(position.last).unwrap_or_default();
    let after = i64::try_from(UnwrapErr(SysRng).next_u64() % (last + 1))?;
    let token = &shared.user(index)?.token;
    let line = format!("GET /v1/responses/{}/events", position.response);
    let request = request(&line, token, &format!("Last-Event-ID: {after}\r\n"), "");
    let mut result = ReaderResult::from(position.next_token(after)?);
    let requested = now();
    let mut events = EventStream::open(address, &request).await?;
    let mut is_whole = false;
    while let Some(arrived) = events.next().await? {
        if result.replayed.is_none() {
            shared.begun.fetch_add(1, Ordering::Relaxed);
            result.replayed = Some(between(requested, arrived.at));
        }
        for event in &arrived.events {
            is_whole |= is_end(event)?;
            for token in tokens_of(event) {
                result.take(&shared, token, arrived.at);
            }
        }
    }
    if is_whole { Ok(result) } else { bail!("a stream ended without its final event") }
}

/// The request that posts a message and streams the reply.
pub(in crate::bench) fn message(user: &User) -> String {
    let line = format!("POST /v1/conversations/{}/messages", user.conversation);
    let body = "{\"content\":\"¿Cuánto mide la Torre Colpatria?\"}";
    request(&line, &user.token, "Accept: text/event-stream\r\n", body)
}

/// The request that the service sends to the provider.
fn provider_request() -> String {
    let body = "{\"model\":\"any\",\"input\":\"hola\",\"stream\":true,\"background\":true}";
    request("POST /v1/responses", "sk-devstack", "", body)
}

/// The tokens in an event; events that repeat the whole text count as empty.
pub(in crate::bench) fn tokens_of(event: &Event) -> impl Iterator<Item = Token> {
    let is_delta = matches!(event.kind.as_str(), "delta" | "response.output_text.delta");
    tokens(if is_delta { event.data.as_str() } else { "" })
}

/// Whether the event is the regular end of a stream.
fn is_end(event: &Event) -> anyhow::Result<bool> {
    match event.kind.as_str() {
        "response.completed" => Ok(true),
        "response.failed"
        | "response.incomplete"
        | "response.cancelled"
        | "reconnect"
        | "unauthenticated"
        | "response.deleted"
        | "error" => {
            bail!("a stream ended with {}: {}", event.kind, event.data)
        }
        _ => Ok(false),
    }
}

/// Records how far the stream has been read, for its followers.
fn record_position(shared: &Shared, index: usize, event: &Event) -> anyhow::Result<()> {
    if event.kind == "response.created" && matches!(shared.target, Target::Service(_)) {
        let created: Value = serde_json::from_str(&event.data)?;
        let id = created.get("response_id").and_then(Value::as_str);
        let id = id.context("a reply has no id")?;
        id.clone_into(&mut shared.position(index)?.response);
    }
    let Ok(number) = event.id.parse::<i64>() else { return Ok(()) };
    if is_end(event)? {
        // A follower that resumes after the final event receives nothing.
        return Ok(());
    }
    let mut position = shared.position(index)?;
    position.last = number;
    if let Some(token) = tokens_of(event).last() {
        let base = number - i64::from(token.number);
        if position.base != 0 && position.base != base {
            bail!("event {number} unexpectedly has token {}", token.number);
        }
        position.base = base;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    //! Tokens, ends and positions of events.

    use super::*;

    fn event(kind: &str, data: &str) -> Event {
        Event { id: "3".to_owned(), kind: kind.to_owned(), data: data.to_owned() }
    }

    #[test]
    fn only_deltas_have_tokens() {
        let data = "{\"delta\":\"@7:1:2@\"}";
        assert_eq!(tokens_of(&event("response.output_text.delta", data)).count(), 1);
        assert_eq!(tokens_of(&event("delta", data)).count(), 1);
        assert_eq!(tokens_of(&event("response.output_text.done", data)).count(), 0);
    }

    #[test]
    fn a_follower_expects_the_tokens_after_the_last_event() {
        let position = |base| Position { base, ..Position::default() };
        assert_eq!([0, 1, 2, 9].map(|it| position(2).next_token(it).unwrap()), [0, 0, 1, 8]);
        assert_eq!(position(0).next_token(1).unwrap(), 0);
    }

    #[test]
    fn a_stream_has_one_regular_end() {
        assert!(is_end(&event("response.completed", "{}")).unwrap());
        assert!(!is_end(&event("delta", "{}")).unwrap());
        assert!(is_end(&event("reconnect", "{}")).is_err());
    }
}
