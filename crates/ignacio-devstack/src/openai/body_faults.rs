//! Sends the body of an answer as its faults want it: slow, in small pieces, cut off.

use std::{collections::VecDeque, io, pin::Pin, sync::Arc, time::Duration};

use actix_web::body::{BodyStream, BoxBody, MessageBody as _};
use bytes::Bytes;
use futures_util::{future::poll_fn, stream};

use crate::openai::{
    fault_injector::{RequestFaults, Stall},
    faults::Effect,
    state::State,
};

/// A place in a body; a stand-in's stream comes in pieces of one event each.
#[derive(Clone, Copy, Debug)]
enum Place {
    AfterBytes(u64),
    AfterEvents(u64),
}

#[derive(Clone, Copy, Debug)]
enum Action {
    Stall(Stall),
    /// The connection breaks.
    Cut,
    /// The body ends as if it were whole.
    End,
}

/// The rest of a body, and what happens to it.
struct FaultyBody {
    body: BoxBody,
    state: Arc<State>,
    max_write: usize,
    pace: Option<Duration>,
    repeat_every: Option<u64>,
    stops: Vec<(Place, Action)>,
    queue: VecDeque<Bytes>,
    n_bytes: u64,
    n_events: u64,
}

/// Applies the faults that are about the body, if there are any.
pub(crate) fn apply(faults: &RequestFaults, body: BoxBody, state: Arc<State>) -> BoxBody {
    let mut faulty = FaultyBody {
        body,
        state,
        max_write: usize::MAX,
        pace: None,
        repeat_every: None,
        stops: Vec::new(),
        queue: VecDeque::new(),
        n_bytes: 0,
        n_events: 0,
    };
    let mut is_faulty = false;
    for (effect, stall) in faults.iter() {
        is_faulty |= faulty.add(effect, stall);
    }
    if !is_faulty {
        return faulty.body;
    }
    let pieces = stream::unfold(Some(faulty), |body| async move {
        let mut body = body?;
        match body.next().await? {
            Ok(piece) => Some((Ok(piece), Some(body))),
            Err(error) => Some((Err(error), None)),
        }
    });
    BoxBody::new(BodyStream::new(Box::pin(pieces)))
}

impl FaultyBody {
    /// Whether the effect is about the body.
    fn add(&mut self, effect: &Effect, stall: Stall) -> bool {
        let stop = match effect {
            Effect::StallAfterBytes { bytes, .. } => {
                (Place::AfterBytes(*bytes), Action::Stall(stall))
            }
            Effect::StallAfterEvents { events, .. } => {
                (Place::AfterEvents(*events), Action::Stall(stall))
            }
            Effect::CutAfterBytes { bytes } => (Place::AfterBytes(*bytes), Action::Cut),
            Effect::CutAfterEvents { events } => (Place::AfterEvents(*events), Action::Cut),
            Effect::EndAfterEvents { events } => (Place::AfterEvents(*events), Action::End),
            Effect::Slow { millis } => {
                self.pace = Some(Duration::from_millis(*millis));
                return true;
            }
            Effect::Rechunk { bytes } => {
                self.max_write = (*bytes).max(1);
                return true;
            }
            Effect::RepeatEvents { every } => {
                self.repeat_every = Some((*every).max(1));
                return true;
            }
            _ => return false,
        };
        self.stops.push(stop);
        true
    }

    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        loop {
            match self.reached_stop() {
                Some(Action::Stall(stall)) => self.state.faults.wait(stall).await,
                Some(Action::End) => return None,
                Some(Action::Cut) => {
                    // Lets the server write what it has first.
                    tokio::task::yield_now().await;
                    let broken = io::Error::new(io::ErrorKind::ConnectionAborted, "cut by a fault");
                    return Some(Err(broken));
                }
                None => {
                    if let Some(piece) = self.queue.pop_front() {
                        return Some(Ok(self.send(piece).await));
                    }
                    let body = &mut self.body;
                    match poll_fn(|context| Pin::new(&mut *body).poll_next(context)).await? {
                        Ok(event) => self.enqueue(event),
                        Err(error) => return Some(Err(io::Error::other(error.to_string()))),
                    }
                }
            }
        }
    }

    /// Takes the stop that is reached; one about events waits until the last event is written.
    fn reached_stop(&mut self) -> Option<Action> {
        let is_between = self.queue.is_empty();
        let is_reached = |(place, _): &(Place, Action)| match place {
            Place::AfterBytes(bytes) => *bytes <= self.n_bytes,
            Place::AfterEvents(events) => is_between && *events <= self.n_events,
        };
        let at = self.stops.iter().position(is_reached)?;
        Some(self.stops.swap_remove(at).1)
    }

    fn enqueue(&mut self, event: Bytes) {
        self.n_events += 1;
        let is_repeated = self.repeat_every.is_some_and(|it| self.n_events.is_multiple_of(it));
        for mut rest in std::iter::repeat_n(event, if is_repeated { 2 } else { 1 }) {
            while !rest.is_empty() {
                self.queue.push_back(rest.split_to(self.max_write.min(rest.len())));
            }
        }
    }

    /// Gives out a piece, or the part of it that lies before the next stop.
    async fn send(&mut self, mut piece: Bytes) -> Bytes {
        let before = self.stops.iter().filter_map(|(place, _)| match place {
            Place::AfterBytes(bytes) => usize::try_from(bytes.saturating_sub(self.n_bytes)).ok(),
            Place::AfterEvents(_) => None,
        });
        let room = before.min().unwrap_or(usize::MAX);
        if room < piece.len() {
            self.queue.push_front(piece.split_off(room));
        }
        match self.pace {
            Some(pace) => tokio::time::sleep(pace).await,
            // Lets the server write what it has, so that pieces travel one by one.
            None => tokio::task::yield_now().await,
        }
        self.n_bytes += u64::try_from(piece.len()).unwrap_or_default();
        piece
    }
}
