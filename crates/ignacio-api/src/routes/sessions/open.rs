//! Opens a session with a one-time code.

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

use crate::auth;
use crate::extract::ValidJson;
use crate::flows::login;
use crate::problem::{ApiError, Problem};
use crate::state::AppState;
use crate::views::session::OpenedSessionView;

/// A code, and the device that opens the session.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenSession {
    /// The challenge that the code belongs to.
    otp_id: Uuid,
    /// Six digits; spaces and dashes are ignored.
    #[schema(example = "123456")]
    code: String,
    /// The name of the device in the list of sessions.
    #[validate(custom(function = "check_device_name"))]
    #[schema(max_length = 100)]
    device_name: Option<String>,
    /// Whether to set the token as a cookie too, for browsers; only from our own pages.
    #[serde(default)]
    cookie: bool,
}

fn check_device_name(name: &str) -> Result<(), ValidationError> {
    let is_valid = name.chars().count() <= 100 && !name.chars().any(char::is_control);
    if is_valid { Ok(()) } else { Err(ValidationError::new("device-name")) }
}

/// Opens a session with a one-time code.
///
/// The token is shown only this once. A code can be tried five times; after 20 failed tries, new
/// devices are locked out.
#[utoipa::path(
    tag = "login",
    security(()),
    request_body = OpenSession,
    responses(
        (status = CREATED, body = OpenedSessionView, headers(
            ("Location" = String, description = "The session"),
            ("Set-Cookie" = Option<String>, description = "The token, if `cookie` was true"),
        )),
        (status = UNAUTHORIZED, response = Problem),
        (status = FORBIDDEN, response = Problem),
        (status = GONE, response = Problem),
        (status = UNPROCESSABLE_ENTITY, response = Problem),
        (status = TOO_MANY_REQUESTS, response = Problem),
    ),
)]
#[post("/sessions")]
#[tracing::instrument(skip_all)]
pub(crate) async fn open_session(
    ValidJson(body): ValidJson<OpenSession>,
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    // Another site must not log a browser in as a different user.
    if body.cookie && !state.origins.permit(&request) {
        return Err(ApiError::CrossSite);
    }
    let challenge = OtpId::from_uuid(body.otp_id);
    let code =
        OtpCode::parse(&body.code).map_err(|error| ApiError::invalid("/code", error.into()))?;
    let device_name = body.device_name.as_deref().map(str::trim).filter(|name| !name.is_empty());

    login::pad_latency(&state, login::check_code(&state, challenge, None, &code)).await?;
    let token = SessionToken::generate(&mut login::rng());
    let device = DeviceToken::generate(&mut login::rng());
    let new = NewSession { token: &token.digest(), device: &device.digest(), device_name };
    let opened = state.db.codes().redeem(challenge, new).await?;
    let opened = opened.ok_or(ApiError::CodeInvalid)?;
    state.wake_worker();

    let device = opened.is_new_device.then_some(&device);
    let mut response = HttpResponse::Created();
    response.insert_header((header::LOCATION, format!("/v1/sessions/{}", opened.session.id)));
    if body.cookie {
        response.cookie(auth::session_cookie(&token, &opened.session));
        if let Some(device) = device {
            response.cookie(auth::device_cookie(device));
        }
    }
    Ok(response.json(OpenedSessionView::new(&token, device, opened)))
}
