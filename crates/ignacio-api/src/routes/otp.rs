//! One-time codes: asking for one, and seeing how far it is.

use actix_web::{HttpRequest, get, post, web};
use ignacio_domain::ids::OtpId;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::auth;
use crate::edge::ClientAddress;
use crate::extract::{Body, PathId};
use crate::flows::login;
use crate::problem::{ApiError, Problem, Thing};
use crate::responders::Accepted;
use crate::state::AppState;
use crate::views::challenge::{ChallengeStateView, ChallengeView};

/// Whom to send a code to.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestCode {
    /// With the country code; spaces and dashes are forgiven.
    #[schema(example = "+57 300 123 4567")]
    phone: String,
    /// What an earlier login on this device gave; a browser's cookie does as well.
    device_token: Option<String>,
}

/// Asks for a one-time code by WhatsApp.
///
/// The answer is the same whether or not the number belongs to an account, and so are the limits: a
/// code a minute, five an hour and ten a day for a number or a known device, ten an hour for an
/// address.
#[utoipa::path(
    operation_id = "request_code",
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
#[tracing::instrument(name = "api.otp.request", skip_all)]
pub(crate) async fn request(
    Body(body): Body<RequestCode>,
    address: ClientAddress,
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<Accepted<ChallengeView>, ApiError> {
    let cookie = auth::known_device(&request);
    let device = body.device_token.as_deref().or(cookie.as_deref());
    let wish = login::wish(&state, &body.phone, device, address)?;

    let asked = login::in_step(&state, state.db.codes().request(&wish)).await?;
    let challenge = login::opened(asked)?;
    state.poke();

    Ok(Accepted(challenge.into()))
}

/// Shows how far a code is on its way.
///
/// Nothing of the answer depends on whether the number belongs to an account: numbers of nobody get
/// the states that other numbers had. `failed` means that no codes can be sent at the moment.
#[utoipa::path(
    operation_id = "show_code",
    tag = "login",
    security(()),
    params(("id" = Uuid, Path, description = "The challenge")),
    responses(
        (status = OK, body = ChallengeStateView),
        (status = NOT_FOUND, response = Problem),
    ),
)]
#[get("/otp/{id}")]
#[tracing::instrument(name = "api.otp.show", skip_all)]
pub(crate) async fn show(
    id: PathId<OtpId>,
    state: web::Data<AppState>,
) -> Result<web::Json<ChallengeStateView>, ApiError> {
    let found = state.db.codes().delivery(*id).await?;
    let (delivery, expires_at) = found.ok_or(ApiError::NotFound(Thing::Code))?;

    Ok(web::Json(ChallengeStateView::new(id.into_uuid(), delivery, expires_at)))
}
