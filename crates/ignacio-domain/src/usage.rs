//! What replies cost: what is reserved before a call, settled after it, and shown to people.

use serde::{Deserialize, Serialize};
use time::Date;

use crate::ids::{ResponseId, UserId};

/// Tokens of a reply, as the provider's final object counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the prompt, cached ones included.
    pub input: i64,
    /// Tokens of the prompt that the provider had cached.
    pub cached: i64,
    /// Tokens of the answer, reasoning included.
    pub output: i64,
    /// Tokens of reasoning.
    pub reasoning: i64,
}

/// What is reserved for a reply before anything is asked of the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// The reply.
    pub response: ResponseId,
    /// The model that will write it.
    pub model: String,
    /// Tokens of prompt and answer, at most as far as that is known before.
    pub tokens: i64,
    /// Their price, in millionths of a US dollar.
    pub cost_micro_usd: i64,
}

/// What a call turned out to cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsageCost {
    /// The provider's own numbers, and their price in millionths of a US dollar.
    Known {
        /// Tokens.
        usage: Usage,
        /// Money.
        cost_micro_usd: i64,
    },
    /// The provider was asked and did not say: it counts as what was reserved.
    Unknown,
    /// The provider never took the request.
    Nothing,
}

/// Sums of what was used, of one group of records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageTotals {
    /// Replies.
    pub replies: i64,
    /// Tokens.
    pub usage: Usage,
    /// Money, in millionths of a US dollar.
    pub cost_micro_usd: i64,
}

/// What sums are made for; a field that is not grouped by is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageRow {
    /// The day, of UTC.
    pub day: Option<Date>,
    /// The model.
    pub model: Option<String>,
    /// The person.
    pub user: Option<UserId>,
    /// The sums.
    pub totals: UsageTotals,
}

/// What the staff's sums are made for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UsageGrouping {
    /// Each day.
    #[default]
    Day,
    /// Each model.
    Model,
    /// Each person.
    User,
}
