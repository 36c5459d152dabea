//! A challenge, as the one who asked for a code sees it.

use ignacio_domain::delivery::DeliveryStatus;
use ignacio_domain::otp::Challenge;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// A code is on its way, if the number belongs to an account.
#[derive(Serialize, ToSchema)]
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

/// How far a code is on its way.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeliveryView {
    /// It waits to be sent.
    Queued,
    /// WhatsApp took it.
    Sent,
    /// It is on the phone.
    Delivered,
    /// Codes cannot be sent at the moment: to nobody.
    Failed,
}

impl From<DeliveryStatus> for DeliveryView {
    fn from(status: DeliveryStatus) -> Self {
        match status {
            DeliveryStatus::Queued => Self::Queued,
            DeliveryStatus::Sent => Self::Sent,
            DeliveryStatus::Delivered | DeliveryStatus::Read => Self::Delivered,
            DeliveryStatus::Failed => Self::Failed,
        }
    }
}

/// What became of a challenge. It looks the same for numbers that belong to nobody.
#[derive(Serialize, ToSchema)]
#[schema(as = ChallengeState)]
pub(crate) struct ChallengeStateView {
    id: Uuid,
    state: DeliveryView,
    /// When the code stops working.
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
}

impl ChallengeStateView {
    /// Shows how far the code of a challenge is.
    pub(crate) fn new(id: Uuid, status: DeliveryStatus, expires_at: OffsetDateTime) -> Self {
        Self { id, state: status.into(), expires_at }
    }
}
