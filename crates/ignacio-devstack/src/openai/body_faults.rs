//! Sends the body of an answer as its faults demand: slowly, in small pieces, cut off.

use std::{io, iter::repeat_n, pin::Pin, sync::Arc, time::Duration};

use actix_web::body::{BodyStream, BoxBody, MessageBody as _};
use async_stream::stream;
use futures_util::future::poll_fn;

use crate::openai::{
    fault_injector::RequestFaults,
    faults::{Effect, FaultId},
    state::State,
};

/// What happens to one body. A stream's body comes in pieces of one event each.
struct BodyFaults {
    /// The bytes before the connection breaks.
    cut_after: usize,
    /// The events before the connection breaks, or before a wait until the fault is lifted.
    stops: Vec<(u64, Option<FaultId>)>,
    max_write: usize,
    pause: Option<Duration>,
    repeat_every: u64,
}

impl BodyFaults {
    /// `None` if no fault concerns the body.
    fn of(faults: &RequestFaults) -> Option<Self> {
        let mut it = Self {
            cut_after: usize::MAX,
            stops: Vec::new(),
            max_write: usize::MAX,
            pause: None,
            repeat_every: u64::MAX,
        };
        let mut is_faulty = false;
        for (id, effect) in faults.iter() {
            match effect {
                Effect::CutAfterBytes { bytes } => {
                    it.cut_after = usize::try_from(*bytes).unwrap_or(usize::MAX);
                }
                Effect::CutAfterEvents { events } => it.stops.push((*events, None)),
                Effect::StallAfterEvents { events } => it.stops.push((*events, Some(id))),
                Effect::Slow { millis } => it.pause = Some(Duration::from_millis(*millis)),
                Effect::Rechunk { bytes } => it.max_write = (*bytes).max(1),
                Effect::RepeatEvents { every } => it.repeat_every = (*every).max(1),
                _ => continue,
            }
            is_faulty = true;
        }
        is_faulty.then_some(it)
    }

    /// Lets the server write what it has, so that pieces travel one by one.
    async fn pause(&self) {
        match self.pause {
            Some(pause) => tokio::time::sleep(pause).await,
            None => tokio::task::yield_now().await,
        }
    }
}

/// Applies the faults that concern the body, if there are any.
pub(crate) fn apply(faults: &RequestFaults, mut body: BoxBody, state: Arc<State>) -> BoxBody {
    let Some(faults) = BodyFaults::of(faults) else { return body };
    let pieces = stream! {
        let cut = || Err(io::Error::new(io::ErrorKind::ConnectionAborted, "cut by a fault"));
        let (mut n_events, mut left) = (0_u64, faults.cut_after);
        while left > 0 {
            for (_, stop) in faults.stops.iter().filter(|(events, _)| *events == n_events) {
                let Some(stall) = stop else {
                    faults.pause().await;
                    yield cut();
                    return;
                };
                state.faults.lifted(*stall).await;
            }
            let next = poll_fn(|context| Pin::new(&mut body).poll_next(context)).await;
            let event = match next {
                None => return,
                Some(Ok(event)) => event,
                Some(Err(error)) => {
                    yield Err(io::Error::other(error.to_string()));
                    return;
                }
            };
            n_events += 1;
            let copies = if n_events.is_multiple_of(faults.repeat_every) { 2 } else { 1 };
            for mut rest in repeat_n(event, copies) {
                while !rest.is_empty() && left > 0 {
                    let piece = rest.split_to(faults.max_write.min(left).min(rest.len()));
                    faults.pause().await;
                    left -= piece.len();
                    yield Ok(piece);
                }
            }
        }
        faults.pause().await;
        yield cut();
    };
    BoxBody::new(BodyStream::new(Box::pin(pieces)))
}
