//! Asks for codes and judges them. Decoys and codes that were never sent take the same work as real
//! ones, and the same time.

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

use crate::edge::ClientAddress;
use crate::problem::ApiError;
use crate::state::AppState;

/// The operating system's randomness: what tokens are made of.
pub(crate) const fn randomness() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

/// Does something whose length must tell nothing: the answer comes at the next multiple of a time
/// that is longer than what it usually takes.
pub(crate) async fn in_step<T>(state: &AppState, work: impl Future<Output = T>) -> T {
    let began = Instant::now();
    let done = work.await;
    let step = state.settings.login_step;
    if !step.is_zero() {
        let mut end = began + step;
        while end < Instant::now() {
            end += step;
        }
        sleep_until(end).await;
    }
    done
}

/// The wish for a code for a number as it was typed.
pub(crate) fn wish(
    state: &AppState,
    phone: &str,
    device: Option<&str>,
    address: ClientAddress,
) -> Result<CodeRequest, ApiError> {
    let phone = match PhoneNumber::parse(phone) {
        Ok(number) => Ok(number),
        // A number of the right shape that cannot exist is treated like one that nobody has.
        Err(PhoneError::CountryCode) => Err(phone.trim()),
        Err(error) => return Err(ApiError::invalid("/phone", error.into())),
    };
    let counted = phone.as_ref().map_or_else(|typed| *typed, PhoneNumber::expose);
    Ok(CodeRequest {
        buckets: RateLimitKeys::new(&state.settings.keys.buckets, counted, &address.bucket()),
        phone: phone.ok(),
        // What is no token is no device that we know.
        device: device.and_then(|it| DeviceToken::parse(it).ok()).map(|it| it.digest()),
        address_per_hour: state.settings.codes_per_address,
        service_per_hour: state.settings.codes_per_hour,
    })
}

/// The challenge that was opened, or why there is none.
pub(crate) fn opened(asked: CodeRequestOutcome) -> Result<Challenge, ApiError> {
    match asked {
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

/// Counts one try, then compares in constant time.
pub(crate) async fn judge(
    state: &AppState,
    challenge: OtpId,
    session: Option<SessionId>,
    code: &OtpCode,
) -> Result<(), ApiError> {
    let verdict = match state.db.codes().check(challenge, session).await? {
        CodeCheck::Expired => Err(ApiError::CodeExpired),
        CodeCheck::Refused => Err(ApiError::CodeInvalid),
        CodeCheck::Paused { wait } => Err(ApiError::LoginPaused { wait }),
        CodeCheck::Open { phone, digest } => {
            let can_match = digest.is_some() && phone.is_some();
            let stored = digest.or_else(anything).ok_or(ApiError::CodeInvalid)?;
            let phone = phone.or_else(anybody).ok_or(ApiError::CodeInvalid)?;
            let peppers = &state.settings.keys.otp_peppers;
            let matches = code.matches(&stored, peppers, challenge, &phone);
            if matches & can_match { Ok(()) } else { Err(ApiError::CodeInvalid) }
        }
    };
    let outcome = match &verdict {
        Ok(()) => "right",
        Err(ApiError::LoginPaused { .. }) => "paused",
        Err(ApiError::CodeExpired) => "expired",
        Err(_) => "wrong",
    };
    metrics::counter!("code_tries_total", "outcome" => outcome).increment(1);
    verdict
}

/// A number to compare under where there is none.
fn anybody() -> Option<PhoneNumber> {
    PhoneNumber::parse("+10000000000").ok()
}

/// A digest that no code has.
fn anything() -> Option<OtpDigest> {
    let mut bytes = [0; 32];
    randomness().fill_bytes(&mut bytes);
    OtpDigest::from_slice(&bytes)
}
