//! Responses: their state, and their events as they happen.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use ignacio_domain::ids::ResponseId;
use serde::Deserialize;

use crate::auth::Caller;
use crate::extract::{PathId, ValidQuery};
use crate::negotiate::only_events;
use crate::problem::{ApiError, Malformed, Problem, ResourceKind};
use crate::request_context::RequestContext;
use crate::responders::{Accepted, WithEtag};
use crate::sse;
use crate::state::AppState;
use crate::views::response::ResponseView;

/// Shows the state of a response.
#[utoipa::path(
    tag = "responses",
    params(("id" = Uuid, Path, description = "The response")),
    responses(
        (status = OK, body = ResponseView, headers(("ETag" = String))),
        (status = NOT_MODIFIED, description = "The copy that you have is current"),
        (status = NOT_FOUND, response = Problem),
    ),
)]
#[get("/responses/{id}")]
#[tracing::instrument(skip_all, fields(response.id = %*id))]
pub(crate) async fn show_response(
    caller: Caller,
    id: PathId<ResponseId>,
    state: web::Data<AppState>,
) -> Result<WithEtag<ResponseView>, ApiError> {
    let scope = state.db.begin(caller.session()).await?;
    let Some(response) = scope.responses().find(*id).await? else {
        return Err(ApiError::NotFound(ResourceKind::Response));
    };
    scope.commit().await?;

    Ok(WithEtag(response.into()))
}

/// Cancels a response.
///
/// The text so far is kept. A response that has ended stays as it is, with the same status here.
#[utoipa::path(
    tag = "responses",
    params(("id" = Uuid, Path, description = "The response")),
    responses(
        (status = ACCEPTED, body = ResponseView),
        (status = NOT_FOUND, response = Problem),
    ),
)]
#[post("/responses/{id}/cancel")]
#[tracing::instrument(skip_all, fields(response.id = %*id))]
pub(crate) async fn cancel_response(
    caller: Caller,
    id: PathId<ResponseId>,
    state: web::Data<AppState>,
) -> Result<Accepted<ResponseView>, ApiError> {
    let scope = state.db.begin(caller.session()).await?;
    let Some(response) = scope.responses().cancel(*id).await? else {
        return Err(ApiError::NotFound(ResourceKind::Response));
    };
    scope.commit().await?;
    state.cancel_local(*id);

    Ok(Accepted::new(response.into()))
}

/// Where to resume.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FollowResponse {
    /// The number of the last event that you received; `Last-Event-ID` takes precedence.
    #[param(value_type = Option<i64>, minimum = 0)]
    after: Option<String>,
}

/// Follows a response: its events so far, and those to come.
///
/// Works on any server and at any time. Each event has its number as `id`; to resume after a
/// disconnect, send the last number as `Last-Event-ID`. If the response has ended and you have its
/// last event, the status is 204, which tells an `EventSource` to stop. A number that the response
/// has not reached yet is waited for: the server that sent it may have crashed before storing it.
#[utoipa::path(
    tag = "responses",
    params(
        ("id" = Uuid, Path, description = "The response"),
        ("Last-Event-ID" = Option<i64>, Header, description = "The last event that you received"),
        FollowResponse,
    ),
    responses(
        (status = OK, description = "The reply's events", content_type = "text/event-stream",
            body = String),
        (status = NO_CONTENT, description = "The response has ended, and you have all of its events"),
        (status = BAD_REQUEST, response = Problem),
        (status = NOT_FOUND, response = Problem),
        (status = NOT_ACCEPTABLE, response = Problem),
    ),
)]
#[get("/responses/{id}/events")]
#[tracing::instrument(skip_all, fields(response.id = %*id))]
pub(crate) async fn follow_response(
    caller: Caller,
    id: PathId<ResponseId>,
    ValidQuery(params): ValidQuery<FollowResponse>,
    context: RequestContext,
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    only_events(&request)?;
    let after = last_event_id(&request, params.after.as_deref())?;
    if state.stop.is_cancelled() {
        return Err(ApiError::Draining);
    }

    let scope = state.db.begin(caller.session()).await?;
    let Some(response) = scope.responses().find(*id).await? else {
        return Err(ApiError::NotFound(ResourceKind::Response));
    };
    scope.commit().await?;

    if response.state.is_final() {
        return Ok(sse::follow_ended(&state, &caller, &context, *id, after).await);
    }
    Ok(sse::follow(&state, &caller, &context, *id, after))
}

/// The number of the last event that the client received: from the header that browsers send when
/// they reconnect, else from the query, else 0.
fn last_event_id(request: &HttpRequest, after: Option<&str>) -> Result<i64, ApiError> {
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
    //! The position to resume at is a number, and the header wins.

    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn the_header_takes_precedence_over_the_query() {
        let plain = TestRequest::get().to_http_request();
        assert_eq!(last_event_id(&plain, None).unwrap(), 0);
        assert_eq!(last_event_id(&plain, Some("7")).unwrap(), 7);
        let back = TestRequest::get().insert_header(("last-event-id", "9")).to_http_request();
        assert_eq!(last_event_id(&back, Some("7")).unwrap(), 9);
        for bad in ["", "x", "-1", "1.5", "99999999999999999999"] {
            assert!(last_event_id(&plain, Some(bad)).is_err(), "{bad}");
        }
    }
}
