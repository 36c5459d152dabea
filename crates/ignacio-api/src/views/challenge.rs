//! Challenges, as those who requested a code see them.

use ignacio_domain::delivery::DeliveryStatus;
use ignacio_domain::otp::Challenge;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// A code is on its way, if the number belongs to a user.
#[derive(Serialize, ToSchema)]
#[schema(as = Challenge)]
pub(crate) struct ChallengeView {
    /// Send it with the code to open a session.
    id: Uuid,
    /// When the code expires.
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
    /// When the same number may request another code.
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

/// The delivery state of a code.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeliveryView {
    /// Waiting to be sent.
    Queued,
    /// Accepted by WhatsApp.
    Sent,
    /// Delivered to the phone.
    Delivered,
    /// No codes can be sent at the moment, to any number.
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

/// The state of a challenge. It looks the same for unknown numbers.
#[derive(Serialize, ToSchema)]
#[schema(as = ChallengeState)]
pub(crate) struct ChallengeStateView {
    id: Uuid,
    state: DeliveryView,
    /// When the code expires.
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
}

impl ChallengeStateView {
    /// The state of a challenge.
    pub(crate) fn new(id: Uuid, status: DeliveryStatus, expires_at: OffsetDateTime) -> Self {
        Self { id, state: status.into(), expires_at }
    }
}
