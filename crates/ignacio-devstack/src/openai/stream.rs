//! Sends the events of a response to a reader, from any place and as they come.

use std::{convert::Infallible, sync::Arc};

use actix_web::{HttpResponse, http::header};
use async_stream::stream;

use crate::openai::{
    run::{Outcome, Run},
    state::State,
};

/// Cancels a response when its client leaves, as the live API does without background mode.
pub(crate) struct CancelOnDrop {
    pub(crate) state: Arc<State>,
    pub(crate) run: Arc<Run>,
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        if self.state.finish_run(&self.run, &Outcome::Cancelled) {
            self.state.store().counters.abandoned += 1;
            self.state.notify();
        }
    }
}

/// The events from a place on, then those to come.
pub(crate) fn follow(run: Arc<Run>, mut place: usize, guard: Option<CancelOnDrop>) -> HttpResponse {
    let events = stream! {
        let (mut version, _guard) = (run.watch(), guard);
        loop {
            // In this order: the last event is there before the response is over.
            let is_over = run.is_over();
            if let Some(event) = run.event(place) {
                place += 1;
                yield Ok::<_, Infallible>(event);
            } else if is_over || version.changed().await.is_err() {
                break;
            }
        }
    };
    HttpResponse::Ok()
        .content_type("text/event-stream; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .streaming(Box::pin(events))
}
