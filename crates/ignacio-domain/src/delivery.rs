//! How far a message has come on its way to a phone, and the provider's reports about it.

use time::OffsetDateTime;

use crate::redacted_debug::redacted_debug;

/// How far a message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryStatus {
    /// It waits to be sent.
    Queued,
    /// The provider accepted it.
    Sent,
    /// It is on the phone.
    Delivered,
    /// It was opened.
    Read,
    /// It was not sent, or will not arrive.
    Failed,
}

impl DeliveryStatus {
    /// The word for it in the database and in the provider's reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Failed => "failed",
        }
    }
}

/// One report about one message. Reports come in any order and any number of times.
#[derive(Clone, PartialEq, Eq)]
pub struct DeliveryReport {
    /// The provider's id of the message. It may contain the recipient's number: keep it out of logs.
    pub message_id: String,
    /// What happened.
    pub status: DeliveryStatus,
    /// Why the message failed, if it did.
    pub failure: Option<DeliveryFailure>,
    /// When it happened.
    pub at: OffsetDateTime,
}

redacted_debug!(DeliveryReport { status, failure, at });

/// Why a message does not arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryFailure {
    /// The provider's error code.
    pub code: String,
    /// Whose fault it is.
    pub fault: DeliveryFault,
}

/// Whose fault it is that a message does not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryFault {
    /// The recipient's number cannot be reached.
    Unreachable,
    /// Our configuration is wrong: an operator must act.
    Misconfigured,
    /// The provider's, or unknown: a later message may arrive.
    Transient,
}

/// What a webhook reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebhookContent {
    /// The reports about messages. Everything else that a webhook may say is ignored.
    pub reports: Vec<DeliveryReport>,
    /// A stable code for what could not be parsed, if anything.
    pub parse_error: Option<&'static str>,
}

/// Parses the body of a webhook, given the current time. It never fails: what it cannot parse is
/// left out and named in [`WebhookContent::parse_error`].
pub type WebhookParser = fn(&[u8], OffsetDateTime) -> WebhookContent;
