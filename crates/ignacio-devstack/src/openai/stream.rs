//! Sends the events of a response to a reader, from any place and as they come.

use std::{convert::Infallible, sync::Arc};

use actix_web::{HttpResponse, http::header};
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::watch;

use crate::openai::{
    run::{Outcome, Run},
    world::World,
};

/// Ends a response when its client leaves: what the live API does without background mode.
pub(crate) struct Leash {
    world: Arc<World>,
    run: Arc<Run>,
}

impl Leash {
    /// For a response whose client waits; a background response needs none.
    pub(crate) fn new(world: &Arc<World>, run: &Arc<Run>) -> Option<Self> {
        let is_needed = !run.is_background;
        is_needed.then(|| Self { world: Arc::clone(world), run: Arc::clone(run) })
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        if self.world.conclude(&self.run, &Outcome::Cancelled) {
            self.world.shelves().counters.abandoned += 1;
            self.world.touch();
        }
    }
}

struct Reader {
    run: Arc<Run>,
    version: watch::Receiver<u64>,
    place: usize,
    _leash: Option<Leash>,
}

/// The events after a sequence number, then those to come.
pub(crate) fn follow(run: Arc<Run>, after: Option<u64>, leash: Option<Leash>) -> HttpResponse {
    let (version, place) = (run.watch(), run.place_after(after));
    let reader = Reader { run, version, place, _leash: leash };
    let events = stream::unfold(reader, |mut reader| async move {
        let event = reader.next().await?;
        Some((Ok::<Bytes, Infallible>(event), reader))
    });
    HttpResponse::Ok()
        .content_type("text/event-stream; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .streaming(Box::pin(events))
}

impl Reader {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            // In this order: the last event is there before the response is over.
            let is_over = self.run.is_over();
            if let Some(event) = self.run.event(self.place) {
                self.place += 1;
                return Some(event);
            }
            if is_over || self.version.changed().await.is_err() {
                return None;
            }
        }
    }
}
