//! Sends the body of an answer in another way than it was meant: slow, in crumbs, cut off.

use std::{collections::VecDeque, io, pin::Pin, sync::Arc, time::Duration};

use actix_web::body::{BodyStream, BoxBody, MessageBody as _};
use bytes::Bytes;
use futures_util::{future::poll_fn, stream};

use crate::openai::{desk::Hold, world::World};

/// What happens to a body.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shape {
    /// Writes of this size.
    pub(crate) rechunk: Option<usize>,
    /// A wait before each write.
    pub(crate) pace: Option<Duration>,
    /// Every so-manieth event twice.
    pub(crate) repeat_every: Option<u64>,
    stops: Vec<(Point, Act)>,
}

/// A place in a body; a stand-in's stream comes in pieces of one event each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    /// After so many bytes.
    Bytes(u64),
    /// After so many events.
    Events(u64),
}

/// What happens at a place.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    /// A wait.
    Hold(Hold),
    /// The connection breaks.
    Cut,
    /// The body ends as if it were whole.
    End,
}

impl Shape {
    /// Lets something happen at a place.
    pub(crate) fn stop(&mut self, at: Point, act: Act) {
        self.stops.push((at, act));
    }

    /// Whether nothing happens to the body.
    pub(crate) fn is_plain(&self) -> bool {
        self.rechunk.is_none()
            && self.pace.is_none()
            && self.repeat_every.is_none()
            && self.stops.is_empty()
    }

    /// The body in its new shape.
    pub(crate) fn apply(self, body: BoxBody, world: Arc<World>) -> BoxBody {
        let shaper =
            Shaper { body, world, shape: self, queue: VecDeque::new(), bytes: 0, events: 0 };
        let pieces = stream::unfold(Some(shaper), |shaper| async move {
            let mut shaper = shaper?;
            match shaper.next().await {
                Some(Ok(piece)) => Some((Ok(piece), Some(shaper))),
                Some(Err(error)) => Some((Err(error), None)),
                None => None,
            }
        });
        BoxBody::new(BodyStream::new(Box::pin(pieces)))
    }
}

struct Shaper {
    body: BoxBody,
    world: Arc<World>,
    shape: Shape,
    queue: VecDeque<Bytes>,
    bytes: u64,
    events: u64,
}

impl Shaper {
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        loop {
            if let Some(act) = self.act_here() {
                match act {
                    Act::Hold(hold) => self.world.desk.hold(hold).await,
                    Act::End => return None,
                    Act::Cut => return Some(Err(cut().await)),
                }
            } else if let Some(piece) = self.queue.pop_front() {
                return Some(Ok(self.send(piece).await));
            } else {
                match self.pull().await? {
                    Ok(event) => self.enqueue(event),
                    Err(error) => return Some(Err(error)),
                }
            }
        }
    }

    /// Takes the stop that is reached; one about events waits until the last event is written.
    fn act_here(&mut self) -> Option<Act> {
        let is_between = self.queue.is_empty();
        let is_here = |(point, _): &(Point, Act)| match point {
            Point::Bytes(bytes) => *bytes <= self.bytes,
            Point::Events(events) => is_between && *events <= self.events,
        };
        let at = self.shape.stops.iter().position(is_here)?;
        Some(self.shape.stops.swap_remove(at).1)
    }

    async fn pull(&mut self) -> Option<io::Result<Bytes>> {
        let event = poll_fn(|context| Pin::new(&mut self.body).poll_next(context)).await?;
        Some(event.map_err(|error| io::Error::other(error.to_string())))
    }

    fn enqueue(&mut self, event: Bytes) {
        self.events += 1;
        let is_repeated = self.shape.repeat_every.is_some_and(|it| self.events.is_multiple_of(it));
        let size = self.shape.rechunk.unwrap_or(usize::MAX);
        for mut rest in std::iter::repeat_n(event, if is_repeated { 2 } else { 1 }) {
            while !rest.is_empty() {
                self.queue.push_back(rest.split_to(size.min(rest.len())));
            }
        }
    }

    /// Gives out a piece, or the part of it that lies before the next stop.
    async fn send(&mut self, mut piece: Bytes) -> Bytes {
        let before = self.shape.stops.iter().filter_map(|(point, _)| match point {
            Point::Bytes(bytes) => usize::try_from(bytes.saturating_sub(self.bytes)).ok(),
            Point::Events(_) => None,
        });
        let room = before.min().unwrap_or(usize::MAX);
        if room < piece.len() {
            self.queue.push_front(piece.split_off(room));
        }
        match self.shape.pace {
            Some(pace) => tokio::time::sleep(pace).await,
            // Lets the server write what it has, so that pieces travel one by one.
            None => tokio::task::yield_now().await,
        }
        self.bytes += u64::try_from(piece.len()).unwrap_or_default();
        piece
    }
}

/// The error that breaks a connection, once what was given out is written.
async fn cut() -> io::Error {
    tokio::task::yield_now().await;
    io::Error::new(io::ErrorKind::ConnectionAborted, "cut by a fault")
}
