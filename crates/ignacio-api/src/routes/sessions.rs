//! Sessions: opening one with a code, seeing them, ending them.

use actix_web::http::header;
use actix_web::{HttpResponse, delete, get, post, web};
use ignacio_domain::ids::{OtpId, SessionId};
use ignacio_domain::otp::OtpCode;
use ignacio_domain::session::SessionToken;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::{Validate, ValidationError};

use crate::answer::Done;
use crate::auth::{self, Caller};
use crate::extract::{Body, Params, PathId};
use crate::flows::login;
use crate::problem::{ApiError, Problem, Thing};
use crate::state::AppState;
use crate::views::listing::Listing;
use crate::views::session::{OpenedSessionView, SessionView};

/// A code, and the device that opens the session.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenSession {
    /// The challenge that the code answers.
    otp_id: Uuid,
    /// Six digits; spaces and dashes are forgiven.
    #[schema(example = "123456")]
    code: String,
    /// What to call the device in the list of sessions.
    #[validate(custom(function = "check_device_name"))]
    #[schema(max_length = 100)]
    device_name: Option<String>,
    /// Whether to set the token as a cookie as well, for browsers.
    #[serde(default)]
    cookie: bool,
}

fn check_device_name(name: &str) -> Result<(), ValidationError> {
    let is_fine = name.chars().count() <= 100 && !name.chars().any(char::is_control);
    if is_fine { Ok(()) } else { Err(ValidationError::new("device-name")) }
}

/// Opens a session with a one-time code.
///
/// The token is shown this once.
#[utoipa::path(
    operation_id = "open_session",
    tag = "login",
    security(()),
    request_body = OpenSession,
    responses(
        (status = CREATED, body = OpenedSessionView, headers(
            ("Location" = String, description = "The session"),
            ("Set-Cookie" = Option<String>, description = "The token, when `cookie` was true"),
        )),
        (status = UNAUTHORIZED, response = Problem),
        (status = GONE, response = Problem),
        (status = UNPROCESSABLE_ENTITY, response = Problem),
    ),
)]
#[post("/sessions")]
#[tracing::instrument(name = "api.sessions.open", skip_all)]
pub(crate) async fn open(
    Body(body): Body<OpenSession>,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    let challenge = OtpId::from_uuid(body.otp_id);
    let code =
        OtpCode::parse(&body.code).map_err(|error| ApiError::invalid("/code", error.into()))?;
    let device_name = body.device_name.as_deref().map(str::trim).filter(|name| !name.is_empty());

    login::judge(&state, challenge, &code).await?;
    let token = SessionToken::generate(&mut rand::rng());
    let opened = state.db.codes().redeem(challenge, &token.digest(), device_name).await?;
    let Some((person, session)) = opened else { return Err(ApiError::CodeInvalid) };

    let mut answer = HttpResponse::Created();
    answer.insert_header((header::LOCATION, format!("/v1/sessions/{}", session.id)));
    if body.cookie {
        answer.cookie(auth::remember(&token, &session));
    }
    Ok(answer.json(OpenedSessionView::new(&token, session, person)))
}

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
    let current = scope.caller().session;
    scope.sessions().end(current).await?;
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
    if !scope.sessions().end(*id).await? {
        return Err(ApiError::NotFound(Thing::Session));
    }
    scope.commit().await?;

    Ok(Done)
}

/// Which session is spared.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EndOthers {
    /// The session that goes on: always this one.
    #[serde(rename = "except")]
    #[param(inline)]
    _except: Spared,
}

/// The one value that `except` has.
#[derive(Debug, Deserialize, ToSchema)]
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
    scope.sessions().end_others().await?;
    scope.commit().await?;

    Ok(Done)
}
