//! Sessions: opening one with a code, seeing them, showing a fresh code, ending them.

mod opening;
mod step_up;

use actix_web::{HttpResponse, delete, get, web};
use ignacio_domain::ids::SessionId;
use serde::Deserialize;
use utoipa::ToSchema;

pub(crate) use self::opening::{open, renew};
pub(crate) use self::step_up::{ask, confirm};
use crate::auth::{self, Caller};
use crate::extract::{Params, PathId};
use crate::problem::{ApiError, Problem, Thing};
use crate::responders::Done;
use crate::state::AppState;
use crate::views::listing::Listing;
use crate::views::session::SessionView;

/// Lists the caller's sessions, this one included.
#[utoipa::path(
    operation_id = "list_sessions",
    tag = "sessions",
    responses((status = OK, body = Listing<SessionView>)),
)]
#[get("/sessions")]
#[tracing::instrument(name = "api.sessions.list", skip_all)]
pub(crate) async fn list(
    caller: Caller,
    state: web::Data<AppState>,
) -> Result<Listing<SessionView>, ApiError> {
    let scope = state.db.begin(caller.session()).await?;
    let sessions = scope.sessions().list().await?;
    scope.commit().await?;

    Ok(Listing { data: sessions.into_iter().map(Into::into).collect(), next_cursor: None })
}

/// Logs this device out.
#[utoipa::path(
    operation_id = "end_current_session",
    tag = "sessions",
    responses((status = NO_CONTENT, description = "The session is over")),
)]
#[delete("/sessions/current")]
#[tracing::instrument(name = "api.sessions.end_current", skip_all)]
pub(crate) async fn end_current(
    caller: Caller,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    let scope = state.db.begin(caller.session()).await?;
    let current = scope.identity().session;
    scope.sessions().revoke(current).await?;
    scope.commit().await?;

    let mut answer = HttpResponse::NoContent();
    if caller.is_by_cookie() {
        answer.cookie(auth::forget());
    }
    Ok(answer.finish())
}

/// Logs one of the caller's devices out.
#[utoipa::path(
    operation_id = "end_session",
    tag = "sessions",
    params(("id" = Uuid, Path, description = "The session")),
    responses(
        (status = NO_CONTENT, description = "The session is over"),
        (status = NOT_FOUND, response = Problem),
    ),
)]
#[delete("/sessions/{id}")]
#[tracing::instrument(name = "api.sessions.end", skip_all, fields(session.id = %*id))]
pub(crate) async fn end(
    caller: Caller,
    id: PathId<SessionId>,
    state: web::Data<AppState>,
) -> Result<Done, ApiError> {
    let scope = state.db.begin(caller.session()).await?;
    if !scope.sessions().revoke(*id).await? {
        return Err(ApiError::NotFound(Thing::Session));
    }
    scope.commit().await?;

    Ok(Done)
}

/// Which session is spared.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EndOthers {
    /// The session that goes on: always this one.
    #[serde(rename = "except")]
    #[param(inline)]
    _except: Spared,
}

/// The one value that `except` has.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Spared {
    Current,
}

/// Logs all the caller's other devices out.
#[utoipa::path(
    operation_id = "end_other_sessions",
    tag = "sessions",
    params(EndOthers),
    responses(
        (status = NO_CONTENT, description = "The other sessions are over"),
        (status = UNPROCESSABLE_ENTITY, response = Problem),
    ),
)]
#[delete("/sessions")]
#[tracing::instrument(name = "api.sessions.end_others", skip_all)]
pub(crate) async fn end_others(
    caller: Caller,
    _params: Params<EndOthers>,
    state: web::Data<AppState>,
) -> Result<Done, ApiError> {
    let scope = state.db.begin(caller.session()).await?;
    scope.sessions().revoke_others().await?;
    scope.commit().await?;

    Ok(Done)
}
