//! A user's codes and failed logins, as admins see them.

use ignacio_domain::delivery::DeliveryStatus;
use ignacio_domain::lockout::LoginFailures;
use ignacio_domain::otp::CodeRecord;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// Failed logins of a user: with their number, or on the known device with the most failures.
#[derive(Serialize, ToSchema)]
#[schema(as = LoginFailures)]
pub(crate) struct LoginFailuresView {
    /// The number of failures since the last login.
    failures: u16,
    /// When the lockout ends; null if there is none, or if only an admin can end it.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    paused_until: Option<OffsetDateTime>,
    /// Whether only an admin can end the lockout of new devices.
    is_locked: bool,
}

impl From<LoginFailures> for LoginFailuresView {
    fn from(failures: LoginFailures) -> Self {
        Self {
            failures: failures.failures,
            paused_until: failures.paused_until,
            is_locked: failures.is_locked(),
        }
    }
}

/// The delivery state of the message with a code.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MessageStateView {
    /// Waiting to be sent.
    Queued,
    /// Accepted by WhatsApp.
    Sent,
    /// Delivered to the phone.
    Delivered,
    /// Read.
    Read,
    /// Not sent, or not delivered.
    Failed,
}

impl From<DeliveryStatus> for MessageStateView {
    fn from(status: DeliveryStatus) -> Self {
        match status {
            DeliveryStatus::Queued => Self::Queued,
            DeliveryStatus::Sent => Self::Sent,
            DeliveryStatus::Delivered => Self::Delivered,
            DeliveryStatus::Read => Self::Read,
            DeliveryStatus::Failed => Self::Failed,
        }
    }
}

/// A requested code; never the code itself.
#[derive(Serialize, ToSchema)]
#[schema(as = Code)]
pub(crate) struct CodeView {
    id: Uuid,
    #[serde(with = "time::serde::rfc3339")]
    requested_at: OffsetDateTime,
    state: MessageStateView,
    /// Why it got no further: the number of WhatsApp's error, such as 131026 for a phone that cannot
    /// receive messages, or a code of ours.
    #[schema(required, example = "131026")]
    reason: Option<String>,
    /// The number of tries.
    tries: u16,
    /// Whether the code was used.
    used: bool,
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    sent_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    delivered_at: Option<OffsetDateTime>,
    /// When it expires.
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
}

impl From<CodeRecord> for CodeView {
    fn from(code: CodeRecord) -> Self {
        Self {
            id: code.id.into_uuid(),
            requested_at: code.requested_at,
            state: code.status.into(),
            reason: code.reason,
            tries: code.tries,
            used: code.is_used,
            sent_at: code.sent_at,
            delivered_at: code.delivered_at,
            expires_at: code.expires_at,
        }
    }
}
