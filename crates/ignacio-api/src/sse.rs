//! Replies as streams of server-sent events.

mod encode;
mod stream;

use actix_web::http::header;
use actix_web::{Either, HttpRequest, HttpResponse};
use futures_util::{Stream, StreamExt as _};
use ignacio_domain::ids::ResponseId;
use ignacio_domain::reply::NumberedEvent;
use ignacio_persistence::StoreError;

pub(crate) use self::encode::events;
use self::stream::EventBody;
use crate::auth::Caller;
use crate::flows::idempotency::IdempotentResponse;
use crate::negotiate::{EVENT_STREAM, ResponseFormat, preferred};
use crate::problem::ApiError;
use crate::request_context::RequestContext;
use crate::state::AppState;

/// A reply as a stream of events, or as JSON.
pub(crate) type ReplyResponse = Either<HttpResponse, IdempotentResponse>;

/// The format that the client prefers; a server that is shutting down opens no new stream.
pub(crate) fn response_format(
    request: &HttpRequest,
    state: &AppState,
) -> Result<ResponseFormat, ApiError> {
    let format = preferred(request)?;
    if format == ResponseFormat::Events && state.stop.is_cancelled() {
        return Err(ApiError::Draining);
    }
    Ok(format)
}

/// The response to a request for a reply: the reply's events or JSON, as the client prefers. Wakes
/// the worker if the reply is new.
pub(crate) fn started(
    state: &AppState,
    caller: &Caller,
    context: &RequestContext,
    format: ResponseFormat,
    response: IdempotentResponse,
) -> ReplyResponse {
    let reply = response.reply();
    if let Some(reply) = reply
        && response.is_first()
    {
        state.enqueue_local(reply);
    }
    match (format, reply) {
        (ResponseFormat::Events, Some(reply)) => {
            Either::Left(follow(state, caller, context, reply, 0))
        }
        _ => Either::Right(response),
    }
}

/// Streams a reply's events after number `after`. Check first that the response is the caller's.
pub(crate) fn follow(
    state: &AppState,
    caller: &Caller,
    context: &RequestContext,
    response: ResponseId,
    after: i64,
) -> HttpResponse {
    let events = state.db.replies().follow(*caller.session(), response, after);
    stream(state, context, response, events)
}

/// Streams the events of a reply that has ended. A client that already has the last one gets 204: an
/// empty stream would make a browser reconnect for ever.
pub(crate) async fn follow_ended(
    state: &AppState,
    caller: &Caller,
    context: &RequestContext,
    response: ResponseId,
    after: i64,
) -> HttpResponse {
    let events = state.db.replies().follow(*caller.session(), response, after);
    let mut events = Box::pin(events.peekable());
    if events.as_mut().peek().await.is_none() {
        return HttpResponse::NoContent().finish();
    }
    stream(state, context, response, events)
}

fn stream(
    state: &AppState,
    context: &RequestContext,
    response: ResponseId,
    events: impl Stream<Item = Result<NumberedEvent, StoreError>> + 'static,
) -> HttpResponse {
    let body = EventBody::new(events, state.stop.clone(), context.clone());
    HttpResponse::Ok()
        .content_type(EVENT_STREAM)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("X-Accel-Buffering", "no"))
        .insert_header((header::CONTENT_LOCATION, format!("/v1/responses/{response}/events")))
        .streaming(body)
}
