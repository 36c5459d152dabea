//! The body of an event stream: events as they arrive, pings in between, and a final event.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use ignacio_domain::reply::NumberedEvent;
use ignacio_persistence::StoreError;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::encode;
use crate::problem::ApiError;
use crate::request_context::RequestContext;

/// Proxies and clients drop silent connections; we promise a sign of life every 15 s.
const PING_INTERVAL: Duration = Duration::from_secs(10);
/// Events that are ready together are sent together, up to this many bytes.
const BATCH_BYTES: usize = 16 * 1024;

/// The events of one reply for one client.
pub(super) struct EventBody<S> {
    events: Pin<Box<S>>,
    stop: Pin<Box<WaitForCancellationFutureOwned>>,
    ping: Interval,
    context: RequestContext,
    phase: Phase,
    _gauge: OpenStreamGauge,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Opening,
    Running,
    Over,
}

impl<S> EventBody<S> {
    /// Relays `events` until they end, the client disconnects, or `stop` is cancelled.
    pub(super) fn new(events: S, stop: CancellationToken, context: RequestContext) -> Self {
        let mut ping = interval_at(Instant::now() + PING_INTERVAL, PING_INTERVAL);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            events: Box::pin(events),
            stop: Box::pin(stop.cancelled_owned()),
            ping,
            context,
            phase: Phase::Opening,
            _gauge: OpenStreamGauge::new(),
        }
    }
}

impl<S: Stream<Item = Result<NumberedEvent, StoreError>>> EventBody<S> {
    /// Drains the events that are ready.
    fn drain_ready(&mut self, out: &mut BytesMut, cx: &mut Context<'_>) {
        while self.phase == Phase::Running && out.len() < BATCH_BYTES {
            match self.events.as_mut().poll_next(cx) {
                Poll::Pending => return,
                Poll::Ready(None) => self.phase = Phase::Over,
                Poll::Ready(Some(Ok(event))) => {
                    if encode::append(out, event, &self.context) {
                        self.phase = Phase::Over;
                    }
                }
                Poll::Ready(Some(Err(error))) => {
                    self.phase = Phase::Over;
                    append_failure(out, error, &self.context);
                }
            }
        }
    }
}

/// A stream that fails ends with an event; the connection never just breaks.
fn append_failure(out: &mut BytesMut, error: StoreError, context: &RequestContext) {
    match error {
        StoreError::Unauthenticated => encode::append_unauthenticated(out, context),
        StoreError::NotFound => encode::append_deleted(out),
        other => {
            ApiError::from(other).log();
            encode::append_reconnect(out);
        }
    }
}

impl<S: Stream<Item = Result<NumberedEvent, StoreError>>> Stream for EventBody<S> {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let mut out = BytesMut::new();
        if this.phase == Phase::Opening {
            this.phase = Phase::Running;
            out.extend_from_slice(encode::OPENING);
        }
        this.drain_ready(&mut out, cx);
        if this.phase == Phase::Running && this.stop.as_mut().poll(cx).is_ready() {
            this.phase = Phase::Over;
            encode::append_reconnect(&mut out);
        }
        if this.phase == Phase::Running && this.ping.poll_tick(cx).is_ready() && out.is_empty() {
            out.extend_from_slice(encode::PING);
        }
        match (out.is_empty(), this.phase) {
            (false, _) => Poll::Ready(Some(Ok(out.freeze()))),
            (true, Phase::Over) => Poll::Ready(None),
            (true, _) => Poll::Pending,
        }
    }
}

/// Counts the open streams in a gauge.
struct OpenStreamGauge;

impl OpenStreamGauge {
    fn new() -> Self {
        metrics::gauge!("sse_streams").increment(1.0);
        Self
    }
}

impl Drop for OpenStreamGauge {
    fn drop(&mut self) {
        metrics::gauge!("sse_streams").decrement(1.0);
    }
}

#[cfg(test)]
mod tests;
