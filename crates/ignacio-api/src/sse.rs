//! Replies as streams of server-sent events.

mod encode;
mod stream;

use actix_web::HttpResponse;
use actix_web::http::header;
use ignacio_domain::ids::ResponseId;

pub(crate) use self::encode::events;
use self::stream::EventBody;
use crate::auth::Caller;
use crate::edge::RequestContext;
use crate::negotiate::EVENT_STREAM;
use crate::state::AppState;

/// Follows a reply behind its event number `after`. The response must be the caller's: look first.
pub(crate) fn follow(
    state: &AppState,
    caller: &Caller,
    context: &RequestContext,
    response: ResponseId,
    after: i64,
) -> HttpResponse {
    let events = state.db.replies().follow(*caller.session(), response, after);
    let body = EventBody::new(events, state.stop.clone(), context.clone());
    HttpResponse::Ok()
        .content_type(EVENT_STREAM)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("X-Accel-Buffering", "no"))
        .insert_header((header::CONTENT_LOCATION, format!("/v1/responses/{response}/events")))
        .streaming(body)
}
