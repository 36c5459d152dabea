//! Usage: what is reserved before a call, recorded after it, and shown to users.

use serde::{Deserialize, Serialize};
use time::Date;

use crate::ids::{ResponseId, UserId};

/// The tokens of a call, as the provider counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the prompt, cached ones included.
    pub input: i64,
    /// Tokens of the prompt that the provider had cached.
    pub cached: i64,
    /// Tokens of the output, reasoning included.
    pub output: i64,
    /// Tokens of reasoning.
    pub reasoning: i64,
}

/// What is reserved for a reply before the provider is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// The reply.
    pub response: ResponseId,
    /// The model that will write it.
    pub model: String,
    /// The most tokens of prompt and reply, as estimated before the call.
    pub tokens: i64,
    /// Their cost, in millionths of a US dollar.
    pub cost_micro_usd: i64,
}

/// The actual cost of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsageCost {
    /// The provider's own numbers.
    Known {
        /// Tokens.
        usage: Usage,
        /// Cost, in millionths of a US dollar.
        cost_micro_usd: i64,
    },
    /// The provider was called but reported no usage: the reservation counts.
    Unknown,
    /// The provider never accepted the request.
    Nothing,
}

/// The total usage of a group of records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageTotals {
    /// Replies.
    pub replies: i64,
    /// Tokens.
    pub usage: Usage,
    /// Cost, in millionths of a US dollar.
    pub cost_micro_usd: i64,
}

/// A row of a usage report; a field that is not grouped by is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageRow {
    /// The day, in UTC.
    pub day: Option<Date>,
    /// The model.
    pub model: Option<String>,
    /// The user.
    pub user: Option<UserId>,
    /// The totals.
    pub totals: UsageTotals,
}

/// How a usage report is grouped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UsageGrouping {
    /// By day.
    #[default]
    Day,
    /// By model.
    Model,
    /// By user.
    User,
}
