//! What the readers of a load do: ask, read on, come back in the middle.

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
        reader::{Events, between, now, request},
        stack::User,
        tokens::{Order, Token, tokens},
    },
    demo::sse::Event,
};

/// Who is asked.
#[derive(Clone, Copy, Debug)]
pub(in crate::bench) enum Target {
    /// The service.
    Service(SocketAddr),
    /// The OpenAI stand-in itself, to see what it and the client take without the service.
    StandIn(SocketAddr),
}

/// What all readers know.
pub(super) struct Shared {
    target: Target,
    people: Vec<User>,
    /// How many tokens each reply has.
    pub(super) count: u32,
    /// How many readers have got their first event.
    pub(super) begun: AtomicUsize,
    /// The measurement: delays of tokens that arrive within it count. In microseconds since 1970.
    pub(super) begins: AtomicU64,
    pub(super) ends: AtomicU64,
    seen: Vec<Mutex<Seen>>,
}

/// How far a stream is.
#[derive(Clone, Debug, Default)]
struct Seen {
    response: String,
    /// The number of its last event.
    last: i64,
    /// The number of the event that its first token has, or would have.
    base: i64,
}

impl Seen {
    /// The first token behind an event. While none has come, all are behind.
    fn next_token(&self, after: i64) -> anyhow::Result<u32> {
        let token = if self.base == 0 { 0 } else { (after + 1 - self.base).max(0) };
        Ok(u32::try_from(token)?)
    }
}

/// What one reader heard.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) order: Order,
    /// From the request to the first token, without the upstream's own time. In microseconds.
    pub(super) first: Option<i64>,
    /// From the request of one who comes back to its first event.
    pub(super) replayed: Option<i64>,
    /// Of the tokens within the measurement.
    pub(super) delays: Vec<i64>,
}

impl Shared {
    pub(super) fn new(target: Target, people: Vec<User>, count: u32) -> Self {
        let seen = people.iter().map(|_| Mutex::default()).collect();
        let (begins, ends) = (AtomicU64::new(u64::MAX), AtomicU64::new(u64::MAX));
        Self { target, people, count, begun: AtomicUsize::new(0), begins, ends, seen }
    }

    pub(super) fn len(&self) -> usize {
        self.people.len()
    }

    fn person(&self, index: usize) -> anyhow::Result<&User> {
        self.people.get(index).context("there is no such person")
    }

    fn seen(&self, index: usize) -> anyhow::Result<MutexGuard<'_, Seen>> {
        let seen = self.seen.get(index).context("there is no such stream")?;
        Ok(seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn is_measuring(&self, at: u64) -> bool {
        (self.begins.load(Ordering::Relaxed)..self.ends.load(Ordering::Relaxed)).contains(&at)
    }
}

impl Heard {
    fn from(first: u32) -> Self {
        Self { order: Order::from(first), first: None, replayed: None, delays: Vec::new() }
    }

    fn take(&mut self, shared: &Shared, token: Token, at: u64) {
        self.order.take(token.number);
        if shared.is_measuring(at) {
            self.delays.push(between(token.clock, at));
        }
    }
}

/// Sends a message and reads the reply to its end.
pub(super) async fn speak(shared: Arc<Shared>, index: usize) -> anyhow::Result<Heard> {
    let person = shared.person(index)?;
    let (address, request) = match shared.target {
        Target::Service(address) => (address, message(person)),
        Target::StandIn(address) => (address, upstream_request()),
    };
    let mut heard = Heard::from(0);
    let asked = now();
    let mut events = Events::ask(address, &request).await?;
    let mut is_whole = false;
    while let Some(arrived) = events.next().await? {
        for event in &arrived.events {
            is_whole |= is_end(event)?;
            note(&shared, index, event)?;
            for token in tokens_of(event) {
                if heard.order.end() == 0 {
                    shared.begun.fetch_add(1, Ordering::Relaxed);
                    let own = i64::try_from(token.age).unwrap_or(i64::MAX);
                    heard.first = Some(between(asked, arrived.at) - own);
                }
                heard.take(&shared, token, arrived.at);
            }
        }
    }
    if is_whole { Ok(heard) } else { bail!("a stream ended without its last event") }
}

/// Joins a reply behind an event that its first reader had, and reads it to its end.
pub(super) async fn resume(shared: Arc<Shared>, index: usize) -> anyhow::Result<Heard> {
    let Target::Service(address) = shared.target else { bail!("only the service is followed") };
    let seen = shared.seen(index)?.clone();
    let last = u64::try_from(seen.last).unwrap_or_default();
    let after = i64::try_from(UnwrapErr(SysRng).next_u64() % (last + 1))?;
    let token = &shared.person(index)?.token;
    let line = format!("GET /v1/responses/{}/events", seen.response);
    let request = request(&line, token, &format!("Last-Event-ID: {after}\r\n"), "");
    let mut heard = Heard::from(seen.next_token(after)?);
    let asked = now();
    let mut events = Events::ask(address, &request).await?;
    let mut is_whole = false;
    while let Some(arrived) = events.next().await? {
        if heard.replayed.is_none() {
            shared.begun.fetch_add(1, Ordering::Relaxed);
            heard.replayed = Some(between(asked, arrived.at));
        }
        for event in &arrived.events {
            is_whole |= is_end(event)?;
            for token in tokens_of(event) {
                heard.take(&shared, token, arrived.at);
            }
        }
    }
    if is_whole { Ok(heard) } else { bail!("a stream ended without its last event") }
}

/// The request that posts a message and streams the reply.
pub(in crate::bench) fn message(person: &User) -> String {
    let line = format!("POST /v1/conversations/{}/messages", person.conversation);
    let body = "{\"content\":\"¿Cuánto mide la Torre Colpatria?\"}";
    request(&line, &person.token, "Accept: text/event-stream\r\n", body)
}

/// The request that the service sends upstream, without the service.
fn upstream_request() -> String {
    let body = "{\"model\":\"any\",\"input\":\"hola\",\"stream\":true,\"background\":true}";
    request("POST /v1/responses", "sk-devstack", "", body)
}

/// The tokens that an event brings: events that repeat the whole text bring none.
pub(in crate::bench) fn tokens_of(event: &Event) -> impl Iterator<Item = Token> {
    let is_delta = matches!(event.kind.as_str(), "delta" | "response.output_text.delta");
    tokens(if is_delta { event.data.as_str() } else { "" })
}

/// Whether a stream has come to its proper end.
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

/// Notes how far the stream is, for those who join it.
fn note(shared: &Shared, index: usize, event: &Event) -> anyhow::Result<()> {
    if event.kind == "response.created" && matches!(shared.target, Target::Service(_)) {
        let created: Value = serde_json::from_str(&event.data)?;
        let id = created.get("response_id").and_then(Value::as_str);
        let id = id.context("a reply has no id")?;
        id.clone_into(&mut shared.seen(index)?.response);
    }
    let Ok(number) = event.id.parse::<i64>() else { return Ok(()) };
    if is_end(event)? {
        // Who comes back with the number of the end is told nothing more.
        return Ok(());
    }
    let mut seen = shared.seen(index)?;
    seen.last = number;
    if let Some(token) = tokens_of(event).last() {
        let base = number - i64::from(token.number);
        if seen.base != 0 && seen.base != base {
            bail!("event {number} has token {}, which does not fit", token.number);
        }
        seen.base = base;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    //! What the load reads out of events.

    use super::*;

    fn event(kind: &str, data: &str) -> Event {
        Event { id: "3".to_owned(), kind: kind.to_owned(), data: data.to_owned() }
    }

    #[test]
    fn only_deltas_bring_tokens() {
        let data = "{\"delta\":\"@7:1:2@\"}";
        assert_eq!(tokens_of(&event("response.output_text.delta", data)).count(), 1);
        assert_eq!(tokens_of(&event("delta", data)).count(), 1);
        assert_eq!(tokens_of(&event("response.output_text.done", data)).count(), 0);
    }

    #[test]
    fn who_comes_back_misses_the_tokens_behind_the_last_event() {
        let seen = |base| Seen { base, ..Seen::default() };
        assert_eq!([0, 1, 2, 9].map(|it| seen(2).next_token(it).unwrap()), [0, 0, 1, 8]);
        assert_eq!(seen(0).next_token(1).unwrap(), 0);
    }

    #[test]
    fn a_stream_has_one_proper_end() {
        assert!(is_end(&event("response.completed", "{}")).unwrap());
        assert!(!is_end(&event("delta", "{}")).unwrap());
        assert!(is_end(&event("reconnect", "{}")).is_err());
    }
}
