//! A fresh code for a session that is open: what dangerous acts of the staff need.

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
use crate::edge::ClientAddress;
use crate::extract::Body;
use crate::flows::login;
use crate::problem::{ApiError, Problem};
use crate::responders::Accepted;
use crate::state::AppState;
use crate::views::challenge::ChallengeView;
use crate::views::session::SessionView;

/// Asks for a fresh code for this session.
///
/// It goes to the caller's own number and opens no session. A code a minute, five an hour and ten a
/// day for a session; the limits of the address and of the service hold as at a login.
#[utoipa::path(
    operation_id = "request_fresh_code",
    tag = "sessions",
    responses(
        (status = ACCEPTED, body = ChallengeView),
        (status = TOO_MANY_REQUESTS, response = Problem),
    ),
)]
#[post("/sessions/current/otp")]
#[tracing::instrument(name = "api.sessions.ask", skip_all)]
pub(crate) async fn ask(
    caller: Caller,
    address: ClientAddress,
    state: web::Data<AppState>,
) -> Result<Accepted<ChallengeView>, ApiError> {
    let proven = state.db.verify_session(caller.session()).await?;
    let wish = CodeRequest {
        // Number and budget are those of the session, whatever stands here.
        phone: None,
        device: None,
        buckets: RateLimitKeys::new(&state.settings.keys.buckets, "", &address.bucket()),
        address_per_hour: state.settings.codes_per_address,
        service_per_hour: state.settings.codes_per_hour,
    };
    let challenge = login::opened(state.db.codes().request_step_up(&proven, &wish).await?)?;
    state.poke();

    Ok(Accepted(challenge.into()))
}

/// A code that this session has asked for.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepUp {
    /// The challenge that the code answers.
    otp_id: Uuid,
    /// Six digits; spaces and dashes are forgiven.
    #[schema(example = "123456")]
    code: String,
}

/// Shows a fresh code.
///
/// For ten minutes the session may then do what needs one; a login counts as one too. Only a code
/// that this very session has asked for is taken, five tries each; after 20 tries that failed, the
/// session has to wait.
#[utoipa::path(
    operation_id = "step_up_session",
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
#[tracing::instrument(name = "api.sessions.confirm", skip_all)]
pub(crate) async fn confirm(
    caller: Caller,
    Body(body): Body<StepUp>,
    state: web::Data<AppState>,
) -> Result<web::Json<SessionView>, ApiError> {
    let challenge = OtpId::from_uuid(body.otp_id);
    let code =
        OtpCode::parse(&body.code).map_err(|error| ApiError::invalid("/code", error.into()))?;

    let session = state.db.verify_session(caller.session()).await?.session;
    login::judge(&state, challenge, Some(session), &code).await?;
    if !state.db.codes().redeem_step_up(challenge, session).await? {
        return Err(ApiError::CodeInvalid);
    }

    let scope = state.db.begin(caller.session()).await?;
    let verified = scope.sessions().find(session).await?;
    scope.commit().await?;

    Ok(web::Json(verified.ok_or(ApiError::Unauthenticated { presented: true })?.into()))
}
