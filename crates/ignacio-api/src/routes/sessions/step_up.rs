//! Steps up an open session with a fresh code, which sensitive admin operations require.

use actix_web::{post, web};
use ignacio_domain::ids::OtpId;
use ignacio_domain::otp::OtpCode;
use ignacio_domain::rate_limit::RateLimitKeys;
use ignacio_persistence::CodeRequest;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use crate::auth::Caller;
use crate::extract::{ClientAddress, ValidJson};
use crate::flows::login;
use crate::problem::{ApiError, Problem};
use crate::responders::Accepted;
use crate::state::AppState;
use crate::views::challenge::ChallengeView;
use crate::views::session::SessionView;

/// Requests a code to step up this session.
///
/// It goes to the caller's own number and cannot open a session. The limits are one code a minute,
/// five an hour and ten a day per session; those per address and of the whole service apply too.
#[utoipa::path(
    tag = "sessions",
    responses(
        (status = ACCEPTED, body = ChallengeView),
        (status = TOO_MANY_REQUESTS, response = Problem),
    ),
)]
#[post("/sessions/current/otp")]
#[tracing::instrument(skip_all)]
pub(crate) async fn request_step_up(
    caller: Caller,
    address: ClientAddress,
    state: web::Data<AppState>,
) -> Result<Accepted<ChallengeView>, ApiError> {
    let verified = state.db.verify_session(caller.session()).await?;
    let code_request = CodeRequest {
        // The database takes number and limits from the session, not from here.
        phone: None,
        device: None,
        buckets: RateLimitKeys::new(&state.settings.keys.rate_limit, "", &address.network()),
        address_per_hour: state.settings.codes_per_address,
        service_per_hour: state.settings.codes_per_hour,
    };
    let challenge =
        login::into_challenge(state.db.codes().request_step_up(&verified, &code_request).await?)?;
    state.wake_worker();

    Ok(Accepted::new(challenge.into()))
}

/// A code that this session requested.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepUp {
    /// The challenge that the code belongs to.
    otp_id: Uuid,
    /// Six digits; spaces and dashes are ignored.
    #[schema(example = "123456")]
    code: String,
}

/// Steps up this session with a fresh code.
///
/// For ten minutes the session may then do what requires a step-up; so it may after a login. Only a
/// code that this very session requested is accepted, with five tries each; after 20 failed tries,
/// the session is locked out.
#[utoipa::path(
    tag = "sessions",
    request_body = StepUp,
    responses(
        (status = OK, body = SessionView),
        (status = GONE, response = Problem),
        (status = UNPROCESSABLE_ENTITY, response = Problem),
        (status = TOO_MANY_REQUESTS, response = Problem),
    ),
)]
#[post("/sessions/current/step-up")]
#[tracing::instrument(skip_all)]
pub(crate) async fn step_up_session(
    caller: Caller,
    ValidJson(body): ValidJson<StepUp>,
    state: web::Data<AppState>,
) -> Result<web::Json<SessionView>, ApiError> {
    let challenge = OtpId::from_uuid(body.otp_id);
    let code =
        OtpCode::parse(&body.code).map_err(|error| ApiError::invalid("/code", error.into()))?;

    let session = state.db.verify_session(caller.session()).await?.session;
    login::check_code(&state, challenge, Some(session), &code).await?;
    if !state.db.codes().redeem_step_up(challenge, session).await? {
        return Err(ApiError::CodeInvalid);
    }

    let scope = state.db.begin(caller.session()).await?;
    let stepped_up = scope.sessions().find(session).await?;
    scope.commit().await?;

    Ok(web::Json(stepped_up.ok_or(ApiError::Unauthenticated { presented: true })?.into()))
}
