//! The caller's sessions: one per logged-in device.

mod open;
mod renew;
mod step_up;

use actix_web::{HttpResponse, delete, get, web};
use ignacio_domain::ids::SessionId;
use serde::Deserialize;
use utoipa::ToSchema;

pub(crate) use self::open::open_session;
pub(crate) use self::renew::renew_session;
pub(crate) use self::step_up::{request_step_up, step_up_session};
use crate::auth::{self, Caller};
use crate::extract::{PathId, ValidQuery};
use crate::problem::{ApiError, Problem, ResourceKind};
use crate::responders::NoContent;
use crate::state::AppState;
use crate::views::page::PageView;
use crate::views::session::SessionView;

/// Lists the caller's sessions, including this one.
#[utoipa::path(
    tag = "sessions",
    responses((status = OK, body = PageView<SessionView>)),
)]
#[get("/sessions")]
#[tracing::instrument(skip_all)]
pub(crate) async fn list_sessions(
    caller: Caller,
    state: web::Data<AppState>,
) -> Result<PageView<SessionView>, ApiError> {
    let scope = state.db.begin(caller.session()).await?;
    let sessions = scope.sessions().list().await?;
    scope.commit().await?;

    Ok(PageView { data: sessions.into_iter().map(Into::into).collect(), next_cursor: None })
}

/// Logs this device out.
#[utoipa::path(
    tag = "sessions",
    responses((status = NO_CONTENT, description = "The session has ended")),
)]
#[delete("/sessions/current")]
#[tracing::instrument(skip_all)]
pub(crate) async fn end_current_session(
    caller: Caller,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    let scope = state.db.begin(caller.session()).await?;
    let current = scope.identity().session;
    scope.sessions().revoke(current).await?;
    scope.commit().await?;

    let mut response = HttpResponse::NoContent();
    if caller.is_by_cookie() {
        response.cookie(auth::clear_cookie());
    }
    Ok(response.finish())
}

/// Logs one of the caller's devices out.
#[utoipa::path(
    tag = "sessions",
    params(("id" = Uuid, Path, description = "The session")),
    responses(
        (status = NO_CONTENT, description = "The session has ended"),
        (status = NOT_FOUND, response = Problem),
    ),
)]
#[delete("/sessions/{id}")]
#[tracing::instrument(skip_all, fields(session.id = %*id))]
pub(crate) async fn end_session(
    caller: Caller,
    id: PathId<SessionId>,
    state: web::Data<AppState>,
) -> Result<NoContent, ApiError> {
    let scope = state.db.begin(caller.session()).await?;
    if !scope.sessions().revoke(*id).await? {
        return Err(ApiError::NotFound(ResourceKind::Session));
    }
    scope.commit().await?;

    Ok(NoContent)
}

/// Which session to keep.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EndOthers {
    /// The session to keep: always this one.
    #[serde(rename = "except")]
    #[param(inline)]
    _except: KeptSession,
}

/// The only value of `except`.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeptSession {
    Current,
}

/// Logs out all other devices of the caller.
#[utoipa::path(
    tag = "sessions",
    params(EndOthers),
    responses(
        (status = NO_CONTENT, description = "The other sessions have ended"),
        (status = UNPROCESSABLE_ENTITY, response = Problem),
    ),
)]
#[delete("/sessions")]
#[tracing::instrument(skip_all)]
pub(crate) async fn end_other_sessions(
    caller: Caller,
    _params: ValidQuery<EndOthers>,
    state: web::Data<AppState>,
) -> Result<NoContent, ApiError> {
    let scope = state.db.begin(caller.session()).await?;
    scope.sessions().revoke_others().await?;
    scope.commit().await?;

    Ok(NoContent)
}
