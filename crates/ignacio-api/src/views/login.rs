//! How it stands with somebody's codes and logins, as the staff see it.

use ignacio_domain::delivery::DeliveryStatus;
use ignacio_domain::lockout::LoginFailures;
use ignacio_domain::otp::CodeRecord;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// Tries to log in as somebody that failed: at their number, or on the one of their known devices
/// where it stands worst.
#[derive(Serialize, ToSchema)]
#[schema(as = LoginFailures)]
pub(crate) struct LoginFailuresView {
    /// Since the last login.
    failures: u16,
    /// Until when no more are taken; null when they are, and when only an admin ends it.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    paused_until: Option<OffsetDateTime>,
    /// Whether only an admin lets new devices in again.
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

/// How far the message with a code has come.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MessageStateView {
    /// It waits to be sent.
    Queued,
    /// WhatsApp took it.
    Sent,
    /// It is on the phone.
    Delivered,
    /// It was looked at.
    Read,
    /// It was not sent, or did not arrive.
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

/// What became of a code; never the code itself.
#[derive(Serialize, ToSchema)]
#[schema(as = Code)]
pub(crate) struct CodeView {
    id: Uuid,
    #[serde(with = "time::serde::rfc3339")]
    requested_at: OffsetDateTime,
    state: MessageStateView,
    /// Why it has come no farther: the number of WhatsApp's error, such as 131026 for a phone that
    /// does not get messages, or a word of ours.
    #[schema(required, example = "131026")]
    reason: Option<String>,
    /// How often the code was tried.
    tries: u16,
    /// Whether it was right in the end.
    used: bool,
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    sent_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    delivered_at: Option<OffsetDateTime>,
    /// When it stops working.
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
