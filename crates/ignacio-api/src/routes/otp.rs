//! One-time codes: asking for one.

use actix_web::{post, web};
use ignacio_domain::phone::{PhoneError, PhoneNumber};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::answer::Accepted;
use crate::extract::Body;
use crate::problem::{ApiError, Problem};
use crate::state::AppState;
use crate::views::challenge::ChallengeView;

/// Whom to send a code to.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestCode {
    /// With the country code; spaces and dashes are forgiven.
    #[schema(example = "+57 300 123 4567")]
    phone: String,
}

/// Asks for a one-time code by WhatsApp.
///
/// The answer is the same whether or not the number belongs to an account.
#[utoipa::path(
    operation_id = "request_code",
    tag = "login",
    security(()),
    request_body = RequestCode,
    responses(
        (status = ACCEPTED, body = ChallengeView),
        (status = UNPROCESSABLE_ENTITY, response = Problem),
    ),
)]
#[post("/otp")]
#[tracing::instrument(name = "api.otp.request", skip_all)]
pub(crate) async fn request(
    Body(body): Body<RequestCode>,
    state: web::Data<AppState>,
) -> Result<Accepted<ChallengeView>, ApiError> {
    let phone = match PhoneNumber::parse(&body.phone) {
        Ok(phone) => Some(phone),
        // A number of the right shape that cannot exist is treated like one that nobody has.
        Err(PhoneError::CountryCode) => None,
        Err(error) => return Err(ApiError::invalid("/phone", error.into())),
    };

    let challenge = state.db.codes().challenge(phone.as_ref()).await?;
    state.poke();

    Ok(Accepted(challenge.into()))
}
