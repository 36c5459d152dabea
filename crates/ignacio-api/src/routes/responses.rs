//! Responses: how far a reply is, and its events as they happen.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use ignacio_domain::ids::ResponseId;
use serde::Deserialize;

use crate::auth::Caller;
use crate::edge::RequestContext;
use crate::extract::{Params, PathId};
use crate::negotiate::only_events;
use crate::problem::{ApiError, Malformed, Problem, Thing};
use crate::responders::{Accepted, Tagged};
use crate::sse;
use crate::state::AppState;
use crate::views::response::ResponseView;

/// Shows how far a reply is.
#[utoipa::path(
    operation_id = "show_response",
    tag = "responses",
    params(("id" = Uuid, Path, description = "The response")),
    responses(
        (status = OK, body = ResponseView, headers(("ETag" = String))),
        (status = NOT_MODIFIED, description = "What you have is still good"),
        (status = NOT_FOUND, response = Problem),
    ),
)]
#[get("/responses/{id}")]
#[tracing::instrument(name = "api.responses.show", skip_all, fields(response.id = %*id))]
pub(crate) async fn show(
    caller: Caller,
    id: PathId<ResponseId>,
    state: web::Data<AppState>,
) -> Result<Tagged<ResponseView>, ApiError> {
    let scope = state.db.begin(caller.session()).await?;
    let Some(response) = scope.responses().find(*id).await? else {
        return Err(ApiError::NotFound(Thing::Response));
    };
    scope.commit().await?;

    Ok(Tagged(response.into()))
}

/// Stops a reply.
///
/// The text so far is kept. One that has ended stays as it is, and is answered the same way.
#[utoipa::path(
    operation_id = "cancel_response",
    tag = "responses",
    params(("id" = Uuid, Path, description = "The response")),
    responses(
        (status = ACCEPTED, body = ResponseView),
        (status = NOT_FOUND, response = Problem),
    ),
)]
#[post("/responses/{id}/cancel")]
#[tracing::instrument(name = "api.responses.cancel", skip_all, fields(response.id = %*id))]
pub(crate) async fn cancel(
    caller: Caller,
    id: PathId<ResponseId>,
    state: web::Data<AppState>,
) -> Result<Accepted<ResponseView>, ApiError> {
    let scope = state.db.begin(caller.session()).await?;
    let Some(response) = scope.responses().cancel(*id).await? else {
        return Err(ApiError::NotFound(Thing::Response));
    };
    scope.commit().await?;
    state.cancel(*id);

    Ok(Accepted(response.into()))
}

/// Where to go on.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FollowResponse {
    /// The number of the last event that you have; `Last-Event-ID` goes before it.
    #[param(value_type = Option<i64>, minimum = 0)]
    after: Option<String>,
}

/// Follows a reply: its events so far and those to come.
///
/// Works from any server and at any time. Each event has its number as `id`; after a break, send
/// the last one as `Last-Event-ID`. Of a reply that has ended, a client that has the last event is
/// answered 204, which tells an `EventSource` to stop. A number that the reply has not reached is
/// waited for: the server that sent it may have died before it was written down.
#[utoipa::path(
    operation_id = "follow_response",
    tag = "responses",
    params(
        ("id" = Uuid, Path, description = "The response"),
        ("Last-Event-ID" = Option<i64>, Header, description = "The last event that you have"),
        FollowResponse,
    ),
    responses(
        (status = OK, description = "The reply's events", content_type = "text/event-stream",
            body = String),
        (status = NO_CONTENT, description = "The reply has ended, and you have all of it"),
        (status = BAD_REQUEST, response = Problem),
        (status = NOT_FOUND, response = Problem),
        (status = NOT_ACCEPTABLE, response = Problem),
    ),
)]
#[get("/responses/{id}/events")]
#[tracing::instrument(name = "api.responses.follow", skip_all, fields(response.id = %*id))]
pub(crate) async fn follow(
    caller: Caller,
    id: PathId<ResponseId>,
    Params(params): Params<FollowResponse>,
    context: RequestContext,
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    only_events(request.headers())?;
    let after = last_seen(&request, params.after.as_deref())?;
    if state.stop.is_cancelled() {
        return Err(ApiError::Draining);
    }

    let scope = state.db.begin(caller.session()).await?;
    let Some(response) = scope.responses().find(*id).await? else {
        return Err(ApiError::NotFound(Thing::Response));
    };
    scope.commit().await?;

    if response.state.is_final() {
        return Ok(sse::follow_to_the_end(&state, &caller, &context, *id, after).await);
    }
    Ok(sse::follow(&state, &caller, &context, *id, after))
}

/// The number of the last event that the client has: from the header that browsers send when they
/// come back, else from the query, else none.
fn last_seen(request: &HttpRequest, after: Option<&str>) -> Result<i64, ApiError> {
    let header = request.headers().get("last-event-id").map(|value| value.to_str());
    let text = match header {
        Some(Ok(text)) => text,
        Some(Err(_)) => return Err(ApiError::Malformed(Malformed::EventId)),
        None => after.unwrap_or("0"),
    };
    match text.parse::<i64>() {
        Ok(number) if number >= 0 => Ok(number),
        Ok(_) | Err(_) => Err(ApiError::Malformed(Malformed::EventId)),
    }
}

#[cfg(test)]
mod tests {
    //! A reader says what it has, or is told that it makes no sense.

    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn the_header_goes_before_the_query() {
        let plain = TestRequest::get().to_http_request();
        assert_eq!(last_seen(&plain, None).unwrap(), 0);
        assert_eq!(last_seen(&plain, Some("7")).unwrap(), 7);
        let back = TestRequest::get().insert_header(("last-event-id", "9")).to_http_request();
        assert_eq!(last_seen(&back, Some("7")).unwrap(), 9);
        for bad in ["", "x", "-1", "1.5", "99999999999999999999"] {
            assert!(last_seen(&plain, Some(bad)).is_err(), "{bad}");
        }
    }
}
