//! Judges a one-time code. Decoys and codes that were never sent take the same work as real ones.

use ignacio_domain::ids::OtpId;
use ignacio_domain::otp::{OtpCode, OtpDigest};
use ignacio_domain::phone::PhoneNumber;
use ignacio_persistence::Attempt;
use rand::Rng as _;

use crate::problem::ApiError;
use crate::state::AppState;

/// Counts one try, then compares in constant time.
pub(crate) async fn judge(
    state: &AppState,
    challenge: OtpId,
    code: &OtpCode,
) -> Result<(), ApiError> {
    match state.db.codes().attempt(challenge).await? {
        Attempt::Expired => Err(ApiError::CodeExpired),
        Attempt::Refused => Err(ApiError::CodeInvalid),
        Attempt::Open { phone, digest } => {
            let can_match = digest.is_some() && phone.is_some();
            let stored = digest.or_else(anything).ok_or(ApiError::CodeInvalid)?;
            let phone = phone.or_else(anybody).ok_or(ApiError::CodeInvalid)?;
            let matches = code.matches(&stored, state.otp_pepper(), challenge, &phone);
            if matches & can_match { Ok(()) } else { Err(ApiError::CodeInvalid) }
        }
    }
}

/// A number to compare under where there is none.
fn anybody() -> Option<PhoneNumber> {
    PhoneNumber::parse("+10000000000").ok()
}

/// A digest that no code has.
fn anything() -> Option<OtpDigest> {
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    OtpDigest::from_slice(&bytes)
}
