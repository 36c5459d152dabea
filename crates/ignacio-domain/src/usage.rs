//! What replies cost: what is reserved before a call, settled after it, and shown to people.

use std::time::Duration;

use time::{Date, OffsetDateTime};

use crate::ids::{ResponseId, UserId};
use crate::reply::Usage;

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

/// Which limit is in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotaKind {
    /// So many replies are being made for this person already.
    RepliesAtOnce,
    /// Messages within ten minutes.
    Messages,
    /// Messages of the day.
    MessagesOfTheDay,
    /// Tokens of the day.
    TokensOfTheDay,
    /// Tokens of the month.
    TokensOfTheMonth,
    /// Money of the day.
    MoneyOfTheDay,
    /// Money of the month.
    MoneyOfTheMonth,
}

impl QuotaKind {
    const ALL: [Self; 7] = [
        Self::RepliesAtOnce,
        Self::Messages,
        Self::MessagesOfTheDay,
        Self::TokensOfTheDay,
        Self::TokensOfTheMonth,
        Self::MoneyOfTheDay,
        Self::MoneyOfTheMonth,
    ];

    /// The word for it in the database and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RepliesAtOnce => "replies-at-once",
            Self::Messages => "messages",
            Self::MessagesOfTheDay => "messages-of-the-day",
            Self::TokensOfTheDay => "tokens-of-the-day",
            Self::TokensOfTheMonth => "tokens-of-the-month",
            Self::MoneyOfTheDay => "money-of-the-day",
            Self::MoneyOfTheMonth => "money-of-the-month",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == text)
    }
}

/// Why nothing was reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaExceeded {
    /// The limit.
    pub limit: QuotaKind,
    /// When there is room again; `None` when that depends on replies that are being made.
    pub resets_at: Option<OffsetDateTime>,
    /// How long it is until then.
    pub wait: Option<Duration>,
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
    pub sum: UsageTotals,
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
