//! Quotas: how much a user may use, and which quota is used up.

use std::time::Duration;

use time::OffsetDateTime;

/// How much one user may use; `None` is unlimited. Days and months are in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsageLimits {
    /// Replies that are written for one user at the same time.
    pub concurrent_replies: u16,
    /// Messages within any ten minutes.
    pub messages_per_ten_minutes: u16,
    /// Messages per day.
    pub messages_per_day: u16,
    /// Tokens per day, of prompts and replies.
    pub tokens_per_day: Option<i64>,
    /// Tokens per month.
    pub tokens_per_month: Option<i64>,
    /// Cost per day, in millionths of a US dollar.
    pub cost_micro_usd_per_day: Option<i64>,
    /// Cost per month, in millionths of a US dollar.
    pub cost_micro_usd_per_month: Option<i64>,
}

impl UsageLimits {
    /// Whether every quota is above zero.
    pub(crate) fn is_open(&self) -> bool {
        let counts =
            [self.concurrent_replies, self.messages_per_ten_minutes, self.messages_per_day];
        let sums = [
            self.tokens_per_day,
            self.tokens_per_month,
            self.cost_micro_usd_per_day,
            self.cost_micro_usd_per_month,
        ];
        counts.iter().all(|it| *it > 0) && sums.iter().flatten().all(|it| *it > 0)
    }
}

/// The quotas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotaKind {
    /// Replies at the same time.
    ConcurrentReplies,
    /// Messages within ten minutes.
    MessagesPerTenMinutes,
    /// Messages per day.
    MessagesPerDay,
    /// Tokens per day.
    TokensPerDay,
    /// Tokens per month.
    TokensPerMonth,
    /// Cost per day.
    CostPerDay,
    /// Cost per month.
    CostPerMonth,
}

impl QuotaKind {
    const ALL: [Self; 7] = [
        Self::ConcurrentReplies,
        Self::MessagesPerTenMinutes,
        Self::MessagesPerDay,
        Self::TokensPerDay,
        Self::TokensPerMonth,
        Self::CostPerDay,
        Self::CostPerMonth,
    ];

    /// The word for it in the database and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ConcurrentReplies => "replies-at-once",
            Self::MessagesPerTenMinutes => "messages",
            Self::MessagesPerDay => "messages-of-the-day",
            Self::TokensPerDay => "tokens-of-the-day",
            Self::TokensPerMonth => "tokens-of-the-month",
            Self::CostPerDay => "money-of-the-day",
            Self::CostPerMonth => "money-of-the-month",
        }
    }

    /// Parses the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == text)
    }
}

/// The quota that a reservation would exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaExceeded {
    /// The quota.
    pub quota: QuotaKind,
    /// When it resets; `None` if that depends on replies that are being written.
    pub resets_at: Option<OffsetDateTime>,
    /// The time until then.
    pub retry_after: Option<Duration>,
}
