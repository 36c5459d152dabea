//! Quotas: how much a user may use, and which quota is used up.

use std::time::Duration;

use time::OffsetDateTime;

/// How much one person may use. `None` is no limit. Days and months are those of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsageLimits {
    /// Replies that are made for one person at the same time.
    pub concurrent_replies: u16,
    /// Messages within any ten minutes.
    pub messages_per_ten_minutes: u16,
    /// Messages in a day.
    pub messages_per_day: u16,
    /// Tokens in a day, of prompts and answers.
    pub tokens_per_day: Option<i64>,
    /// Tokens in a month.
    pub tokens_per_month: Option<i64>,
    /// Money in a day, in millionths of a US dollar.
    pub cost_micro_usd_per_day: Option<i64>,
    /// Money in a month.
    pub cost_micro_usd_per_month: Option<i64>,
}

impl UsageLimits {
    /// Whether each quota lets something through.
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

/// Which limit is in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotaKind {
    /// So many replies are being made for this person already.
    ConcurrentReplies,
    /// Messages within ten minutes.
    MessagesPerTenMinutes,
    /// Messages of the day.
    MessagesPerDay,
    /// Tokens of the day.
    TokensPerDay,
    /// Tokens of the month.
    TokensPerMonth,
    /// Money of the day.
    CostPerDay,
    /// Money of the month.
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

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == text)
    }
}

/// Why nothing was reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaExceeded {
    /// The limit.
    pub quota: QuotaKind,
    /// When there is room again; `None` when that depends on replies that are being made.
    pub resets_at: Option<OffsetDateTime>,
    /// How long it is until then.
    pub retry_after: Option<Duration>,
}
