//! One-time codes: requesting one, and the state of its delivery.

use actix_web::{HttpRequest, get, post, web};
use ignacio_domain::ids::OtpId;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::auth;
use crate::extract::{ClientAddress, PathId, ValidJson};
use crate::flows::login;
use crate::problem::{ApiError, Problem, ResourceKind};
use crate::responders::Accepted;
use crate::state::AppState;
use crate::views::challenge::{ChallengeStateView, ChallengeView};

/// The recipient of a code.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestCode {
    /// With the country code; spaces and dashes are ignored.
    #[schema(example = "+57 300 123 4567")]
    phone: String,
    /// The token that an earlier login on this device returned; browsers send it as a cookie.
    device_token: Option<String>,
}

/// Requests a one-time code by WhatsApp.
///
/// The response is the same whether or not the number belongs to a user, and so are the limits: one
/// code a minute, five an hour and ten a day per number or known device, ten an hour per address.
#[utoipa::path(
    tag = "login",
    security(()),
    request_body = RequestCode,
    responses(
        (status = ACCEPTED, body = ChallengeView),
        (status = UNPROCESSABLE_ENTITY, response = Problem),
        (status = TOO_MANY_REQUESTS, response = Problem),
    ),
)]
#[post("/otp")]
#[tracing::instrument(skip_all)]
pub(crate) async fn request_code(
    ValidJson(body): ValidJson<RequestCode>,
    address: ClientAddress,
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<Accepted<ChallengeView>, ApiError> {
    let cookie = auth::device_token(&request);
    let device = body.device_token.as_deref().or(cookie.as_deref());
    let code_request = login::code_request(&state, &body.phone, device, address)?;

    let outcome = login::pad_latency(&state, state.db.codes().request(&code_request)).await?;
    let challenge = login::into_challenge(outcome)?;
    state.wake_worker();

    Ok(Accepted::new(challenge.into()))
}

/// Shows the delivery state of a code.
///
/// Nothing in the response depends on whether the number belongs to a user: unknown numbers get the
/// states that other numbers had. `failed` means that no codes can be sent at the moment.
#[utoipa::path(
    tag = "login",
    security(()),
    params(("id" = Uuid, Path, description = "The challenge")),
    responses(
        (status = OK, body = ChallengeStateView),
        (status = NOT_FOUND, response = Problem),
    ),
)]
#[get("/otp/{id}")]
#[tracing::instrument(skip_all)]
pub(crate) async fn show_code(
    id: PathId<OtpId>,
    state: web::Data<AppState>,
) -> Result<web::Json<ChallengeStateView>, ApiError> {
    let found = state.db.codes().delivery(*id).await?;
    let (delivery, expires_at) = found.ok_or(ApiError::NotFound(ResourceKind::Code))?;

    Ok(web::Json(ChallengeStateView::new(id.into_uuid(), delivery, expires_at)))
}
