//! People who leave in the middle of a reply: it is made to its end. People who cancel: it stops
//! upstream.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, bail};
use ignacio_devstack::OpenAiStandIn;
use serde::Serialize;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::{
    load::{message, tokens_of},
    reader::{Events, exchange, request},
    stack::User,
    statistics::Spread,
    tokens::{Faults, Order, tokens},
};

/// How many leave, and how many cancel.
pub(super) const PEOPLE: usize = 20;
/// The tokens of their replies, ten a second.
pub(super) const TOKENS: u32 = 40;

/// How long anything may take here.
const PATIENCE: Duration = Duration::from_secs(30);

/// What became of the replies.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Left {
    /// Replies whose reader left.
    pub(super) n_replies: usize,
    /// Of these, stored to the last token.
    pub(super) n_stored: usize,
    pub(super) faults: Faults,
    /// From the wish to cancel until the upstream was stopped.
    pub(super) stopped: Spread,
}

/// Lets half of the people leave and the others cancel.
pub(super) async fn measure(
    api: SocketAddr,
    people: &[User],
    openai: &OpenAiStandIn,
) -> anyhow::Result<Left> {
    let (leavers, cancellers) = people.split_at(people.len() / 2);
    for person in leavers {
        drop(begin(api, person).await?);
    }
    let mut stopped = Vec::new();
    for person in cancellers {
        let (events, response) = begin(api, person).await?;
        stopped.push(cancel(api, person, &response, openai).await?);
        drop(events);
    }
    let mut left = Left {
        n_replies: leavers.len(),
        n_stored: 0,
        faults: Faults::default(),
        stopped: Spread::of(stopped),
    };
    for person in leavers {
        let text = stored_text(api, person).await?;
        let mut order = Order::from(0);
        tokens(&text).for_each(|it| order.take(it.number));
        let faults = order.faults(TOKENS);
        left.n_stored += usize::from(faults == Faults::default());
        left.faults.add(faults);
    }
    Ok(left)
}

/// Asks, and reads up to the first token; gives the response's id, too.
async fn begin(api: SocketAddr, person: &User) -> anyhow::Result<(Events, String)> {
    let mut events = Events::ask(api, &message(person)).await?;
    let mut response = None;
    while let Some(arrived) = events.next().await? {
        for event in &arrived.events {
            if event.kind == "response.created" {
                let data: Value = serde_json::from_str(&event.data)?;
                response = data.get("response_id").and_then(Value::as_str).map(str::to_owned);
            }
            if tokens_of(event).next().is_some() {
                return Ok((events, response.context("a reply has no id")?));
            }
        }
    }
    bail!("a stream ended before its first token")
}

/// Cancels a reply; gives how long the upstream took to be stopped, in microseconds.
async fn cancel(
    api: SocketAddr,
    person: &User,
    response: &str,
    openai: &OpenAiStandIn,
) -> anyhow::Result<i64> {
    let before = openai.counters().cancelled;
    let asked = Instant::now();
    let line = format!("POST /v1/responses/{response}/cancel");
    let (status, _) = exchange(api, &request(&line, &person.token, "", "")).await?;
    if !(200..300).contains(&status) {
        bail!("a reply could not be cancelled: {status}");
    }
    if !openai.until(PATIENCE, |it| it.counters().cancelled > before).await {
        bail!("a cancelled reply went on upstream");
    }
    Ok(i64::try_from(asked.elapsed().as_micros())?)
}

/// The text of a person's reply, once it is there whole.
async fn stored_text(api: SocketAddr, person: &User) -> anyhow::Result<String> {
    let line = format!("GET /v1/conversations/{}/messages", person.conversation);
    let request = request(&line, &person.token, "", "");
    let limit = Instant::now() + PATIENCE;
    loop {
        let (_, page) = exchange(api, &request).await?;
        let text = |field: &str| {
            page.pointer(&format!("/data/0/{field}")).and_then(Value::as_str).unwrap_or_default()
        };
        if text("status") == "complete" || Instant::now() > limit {
            return Ok(text("content").to_owned());
        }
        sleep(Duration::from_millis(100)).await;
    }
}
