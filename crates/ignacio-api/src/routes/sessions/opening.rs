//! Opening a session with a code, and replacing its token.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, post, web};
use ignacio_domain::ids::OtpId;
use ignacio_domain::otp::OtpCode;
use ignacio_domain::session::{DeviceToken, SessionToken};
use ignacio_persistence::NewSession;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::{Validate, ValidationError};

use crate::auth::{self, Caller};
use crate::extract::Body;
use crate::flows::login;
use crate::problem::{ApiError, Problem};
use crate::state::AppState;
use crate::views::session::{OpenedSessionView, RenewedSessionView};

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
    /// Whether to set the token as a cookie as well, for browsers; only from our own pages.
    #[serde(default)]
    cookie: bool,
}

fn check_device_name(name: &str) -> Result<(), ValidationError> {
    let is_fine = name.chars().count() <= 100 && !name.chars().any(char::is_control);
    if is_fine { Ok(()) } else { Err(ValidationError::new("device-name")) }
}

/// Opens a session with a one-time code.
///
/// The token is shown this once. A code can be tried five times; after 20 tries that failed, new
/// devices have to wait.
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
        (status = FORBIDDEN, response = Problem),
        (status = GONE, response = Problem),
        (status = UNPROCESSABLE_ENTITY, response = Problem),
        (status = TOO_MANY_REQUESTS, response = Problem),
    ),
)]
#[post("/sessions")]
#[tracing::instrument(name = "api.sessions.open", skip_all)]
pub(crate) async fn open(
    Body(body): Body<OpenSession>,
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    // Another site must not log a browser in as somebody else.
    if body.cookie && !state.origins.permit(&request) {
        return Err(ApiError::CrossSite);
    }
    let challenge = OtpId::from_uuid(body.otp_id);
    let code =
        OtpCode::parse(&body.code).map_err(|error| ApiError::invalid("/code", error.into()))?;
    let device_name = body.device_name.as_deref().map(str::trim).filter(|name| !name.is_empty());

    login::in_step(&state, login::judge(&state, challenge, None, &code)).await?;
    let token = SessionToken::generate(&mut login::randomness());
    let device = DeviceToken::generate(&mut login::randomness());
    let new = NewSession { token: &token.digest(), device: &device.digest(), device_name };
    let opened = state.db.codes().redeem(challenge, new).await?;
    let opened = opened.ok_or(ApiError::CodeInvalid)?;
    state.poke();

    let device = opened.is_new_device.then_some(&device);
    let mut answer = HttpResponse::Created();
    answer.insert_header((header::LOCATION, format!("/v1/sessions/{}", opened.session.id)));
    if body.cookie {
        answer.cookie(auth::remember(&token, &opened.session));
        if let Some(device) = device {
            answer.cookie(auth::remember_device(device));
        }
    }
    Ok(answer.json(OpenedSessionView::new(&token, device, opened)))
}

/// Replaces this session's token.
///
/// To be done once a day. The old token is good for a minute more, so that requests on their way
/// arrive; several renewals of the same token in that minute give the same new one. Whoever shows
/// the old one later ends the session: then somebody has taken a token that was not theirs.
#[utoipa::path(
    operation_id = "renew_session",
    tag = "sessions",
    responses((status = CREATED, body = RenewedSessionView, headers(
        ("Location" = String, description = "The session"),
        ("Set-Cookie" = Option<String>, description = "The token, when it came in the cookie"),
    ))),
)]
#[post("/sessions/current/renewal")]
#[tracing::instrument(name = "api.sessions.renew", skip_all)]
pub(crate) async fn renew(
    caller: Caller,
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    let presented = auth::token(&request)?;
    let next = presented.successor(&state.settings.keys.renewal);
    let (session, good) = state.db.renew_session(caller.session(), &next.digest()).await?;
    // Neither of them is good when our key was replaced since the token was.
    let token = [next, presented].into_iter().find(|it| it.digest() == good);
    let token = token.ok_or(ApiError::Conflict)?;

    let mut answer = HttpResponse::Created();
    answer.insert_header((header::LOCATION, format!("/v1/sessions/{}", session.id)));
    if caller.is_by_cookie() {
        answer.cookie(auth::remember(&token, &session));
    }
    Ok(answer.json(RenewedSessionView::new(&token, session)))
}
