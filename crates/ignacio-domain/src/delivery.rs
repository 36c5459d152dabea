//! What became of a message that was sent, as the one who carries it reports it.

use time::OffsetDateTime;

use crate::redact::debug_only;

/// One report about one message. Reports come in any order and any number of times.
#[derive(Clone, PartialEq, Eq)]
pub struct DeliveryReport {
    /// The provider's id of the message. It may hold the receiver's number: it is not for logs.
    pub message_id: String,
    /// What happened.
    pub status: DeliveryStatus,
    /// When it happened.
    pub at: OffsetDateTime,
}

debug_only!(DeliveryReport { status, at });

/// What happened to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryStatus {
    /// It left the provider.
    Sent,
    /// It is on the phone.
    Delivered,
    /// It was opened.
    Read,
    /// It will not arrive.
    Failed {
        /// The provider's word for it.
        code: String,
        /// Whose fault it is.
        fault: DeliveryFault,
    },
}

/// Whose fault it is that a message does not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryFault {
    /// The number's: it cannot be reached.
    Number,
    /// Ours: somebody of ours must act.
    Service,
    /// The provider's, or nobody's: it passes.
    Passing,
}

/// What a webhook says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebhookContent {
    /// What it reports about messages. What it says of other things is passed over.
    pub reports: Vec<DeliveryReport>,
    /// A stable word for what could not be understood, where something could not.
    pub fault: Option<&'static str>,
}

/// Reads the body of a webhook; the time is the present one. It never fails: what is odd is left out
/// and named in [`WebhookContent::fault`].
pub type ReadWebhook = fn(&[u8], OffsetDateTime) -> WebhookContent;
