//! Requests and checks one-time codes; decoys and codes that were never sent cost the same work and
//! the same time as real ones.

use std::future::Future;

use ignacio_domain::ids::{OtpId, SessionId};
use ignacio_domain::otp::{Challenge, OtpCode, OtpDigest};
use ignacio_domain::phone::{PhoneError, PhoneNumber};
use ignacio_domain::rate_limit::RateLimitKeys;
use ignacio_domain::session::DeviceToken;
use ignacio_persistence::{CodeCheck, CodeRequest, CodeRequestOutcome};
use rand::Rng as _;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use tokio::time::{Instant, sleep_until};

use crate::extract::ClientAddress;
use crate::problem::ApiError;
use crate::state::AppState;

/// The random number generator of the operating system, for tokens.
pub(crate) const fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

/// Hides how long some work takes: returns at the next multiple of a step that is longer than the
/// work usually takes.
pub(crate) async fn pad_latency<T>(state: &AppState, work: impl Future<Output = T>) -> T {
    let started = Instant::now();
    let output = work.await;
    let step = state.settings.login_latency_step;
    if !step.is_zero() {
        let mut end = started + step;
        while end < Instant::now() {
            end += step;
        }
        sleep_until(end).await;
    }
    output
}

/// The request for a code for a phone number as the user typed it.
pub(crate) fn code_request(
    state: &AppState,
    phone: &str,
    device: Option<&str>,
    address: ClientAddress,
) -> Result<CodeRequest, ApiError> {
    let phone = match PhoneNumber::parse(phone) {
        Ok(number) => Ok(number),
        // A well-formed number that cannot exist is treated like an unknown one.
        Err(PhoneError::CountryCode) => Err(phone.trim()),
        Err(error) => return Err(ApiError::invalid("/phone", error.into())),
    };
    let counted_as = phone.as_ref().map_or_else(|typed| *typed, PhoneNumber::expose);
    Ok(CodeRequest {
        buckets: RateLimitKeys::new(
            &state.settings.keys.rate_limit,
            counted_as,
            &address.network(),
        ),
        phone: phone.ok(),
        // An invalid token means an unknown device.
        device: device.and_then(|it| DeviceToken::parse(it).ok()).map(|it| it.digest()),
        address_per_hour: state.settings.codes_per_address,
        service_per_hour: state.settings.codes_per_hour,
    })
}

/// The challenge that was opened, or the limit that prevented it.
pub(crate) fn into_challenge(outcome: CodeRequestOutcome) -> Result<Challenge, ApiError> {
    match outcome {
        CodeRequestOutcome::Opened(challenge) => Ok(challenge),
        CodeRequestOutcome::Limited { wait } => {
            metrics::counter!("codes_refused_total", "reason" => "limited").increment(1);
            Err(ApiError::TooManyCodes { wait })
        }
        CodeRequestOutcome::Paused { wait } => {
            metrics::counter!("codes_refused_total", "reason" => "paused").increment(1);
            Err(ApiError::LoginPaused { wait })
        }
    }
}

/// Counts one try, then compares the code in constant time.
pub(crate) async fn check_code(
    state: &AppState,
    challenge: OtpId,
    session: Option<SessionId>,
    code: &OtpCode,
) -> Result<(), ApiError> {
    let checked = match state.db.codes().check(challenge, session).await? {
        CodeCheck::Expired => Err(ApiError::CodeExpired),
        CodeCheck::Refused => Err(ApiError::CodeInvalid),
        CodeCheck::Paused { wait } => Err(ApiError::LoginPaused { wait }),
        CodeCheck::Open { phone, digest } => {
            let can_match = digest.is_some() && phone.is_some();
            let stored = digest.or_else(decoy_digest).ok_or(ApiError::CodeInvalid)?;
            let phone = phone.or_else(decoy_phone).ok_or(ApiError::CodeInvalid)?;
            let peppers = &state.settings.keys.otp_peppers;
            let matches = code.matches(&stored, peppers, challenge, &phone);
            if matches & can_match { Ok(()) } else { Err(ApiError::CodeInvalid) }
        }
    };
    let outcome = match &checked {
        Ok(()) => "right",
        Err(ApiError::LoginPaused { .. }) => "paused",
        Err(ApiError::CodeExpired) => "expired",
        Err(_) => "wrong",
    };
    metrics::counter!("code_tries_total", "outcome" => outcome).increment(1);
    checked
}

/// A number to hash with if the challenge has none.
fn decoy_phone() -> Option<PhoneNumber> {
    PhoneNumber::parse("+10000000000").ok()
}

/// A random digest, which matches no code.
fn decoy_digest() -> Option<OtpDigest> {
    let mut bytes = [0; 32];
    rng().fill_bytes(&mut bytes);
    OtpDigest::from_slice(&bytes)
}
