//! A challenge, as the one who asked for a code sees it.

use ignacio_domain::otp::Challenge;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// A code is on its way, if the number belongs to an account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Challenge)]
pub(crate) struct ChallengeView {
    /// Goes with the code when a session is opened.
    id: Uuid,
    /// When the code stops working.
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
    /// When the same number may ask again.
    #[serde(with = "time::serde::rfc3339")]
    resend_after: OffsetDateTime,
}

impl From<Challenge> for ChallengeView {
    fn from(challenge: Challenge) -> Self {
        Self {
            id: challenge.id.into_uuid(),
            expires_at: challenge.expires_at,
            resend_after: challenge.resend_after,
        }
    }
}
