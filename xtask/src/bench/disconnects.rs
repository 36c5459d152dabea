//! Users who disconnect in the middle of a reply, which still completes, and users who cancel, which
//! stops the request to the provider.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, bail};
use ignacio_devstack::OpenAiStandIn;
use serde::Serialize;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::{
    load::{message, tokens_of},
    reader::{EventStream, request, request_json},
    stack::User,
    statistics::Spread,
    tokens::{Faults, Order, tokens},
};

/// The tokens of each reply, ten per second.
pub(super) const TOKENS: u32 = 40;

/// The limit for each wait.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The outcome of the replies.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Disconnects {
    /// Replies whose reader disconnected.
    pub(super) n_replies: usize,
    /// Of these, stored completely.
    pub(super) n_stored: usize,
    pub(super) faults: Faults,
    /// From the cancel request until the request to the provider stopped.
    pub(super) stopped: Spread,
}

/// Half of the users disconnect, the others cancel.
pub(super) async fn measure(
    api: SocketAddr,
    users: &[User],
    openai: &OpenAiStandIn,
) -> anyhow::Result<Disconnects> {
    let (leavers, cancellers) = users.split_at(users.len() / 2);
    for user in leavers {
        drop(begin(api, user).await?);
    }
    let mut stopped = Vec::new();
    for user in cancellers {
        let (events, response) = begin(api, user).await?;
        stopped.push(cancel(api, user, &response, openai).await?);
        drop(events);
    }
    let mut result = Disconnects {
        n_replies: leavers.len(),
        n_stored: 0,
        faults: Faults::default(),
        stopped: Spread::of(stopped),
    };
    for user in leavers {
        let text = stored_text(api, user).await?;
        let mut order = Order::from(0);
        tokens(&text).for_each(|it| order.record(it.number));
        let faults = order.faults(TOKENS);
        result.n_stored += usize::from(faults == Faults::default());
        result.faults.add(faults);
    }
    Ok(result)
}

/// Posts a message and reads up to the first token. Also returns the id of the response.
async fn begin(api: SocketAddr, user: &User) -> anyhow::Result<(EventStream, String)> {
    let mut events = EventStream::open(api, &message(user)).await?;
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

/// Cancels a reply. Returns how long it took to stop the provider, in microseconds.
async fn cancel(
    api: SocketAddr,
    user: &User,
    response: &str,
    openai: &OpenAiStandIn,
) -> anyhow::Result<i64> {
    let before = openai.counters().cancelled;
    let requested = Instant::now();
    let line = format!("POST /v1/responses/{response}/cancel");
    let (status, _) = request_json(api, &request(&line, &user.token, "", "")).await?;
    if !(200..300).contains(&status) {
        bail!("a reply could not be cancelled: {status}");
    }
    if !openai.until(TIMEOUT, |it| it.counters().cancelled > before).await {
        bail!("the provider continued a cancelled reply");
    }
    Ok(i64::try_from(requested.elapsed().as_micros())?)
}

/// The text of a user's reply once it is complete.
async fn stored_text(api: SocketAddr, user: &User) -> anyhow::Result<String> {
    let line = format!("GET /v1/conversations/{}/messages", user.conversation);
    let request = request(&line, &user.token, "", "");
    let limit = Instant::now() + TIMEOUT;
    loop {
        let (_, page) = request_json(api, &request).await?;
        let text = |field: &str| {
            page.pointer(&format!("/data/0/{field}")).and_then(Value::as_str).unwrap_or_default()
        };
        if text("status") == "complete" || Instant::now() > limit {
            return Ok(text("content").to_owned());
        }
        sleep(Duration::from_millis(100)).await;
    }
}
