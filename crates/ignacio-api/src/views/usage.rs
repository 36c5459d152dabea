//! What was used, and what may be used.

use ignacio_domain::model_catalog::RolePolicy;
use ignacio_domain::quota::UsageLimits;
use ignacio_domain::usage::{UsageRow, UsageTotals};
use serde::{Deserialize, Serialize};
use time::Date;
use utoipa::ToSchema;
use uuid::Uuid;

/// Sums of what was used. A reply that is being made counts when it has ended.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = UsageSum)]
pub(crate) struct UsageSumView {
    /// Replies, regenerated ones included.
    replies: i64,
    /// Tokens of the prompts, cached ones included.
    input: i64,
    /// Tokens of the prompts that the provider had cached.
    cached: i64,
    /// Tokens of the answers, reasoning included.
    output: i64,
    /// Tokens of reasoning.
    reasoning: i64,
    /// Money, in millionths of a US dollar, at the prices of that time.
    cost_micro: i64,
}

impl From<UsageTotals> for UsageSumView {
    fn from(sum: UsageTotals) -> Self {
        Self {
            replies: sum.replies,
            input: sum.usage.input,
            cached: sum.usage.cached,
            output: sum.usage.output,
            reasoning: sum.usage.reasoning,
            cost_micro: sum.cost_micro_usd,
        }
    }
}

/// What was used on one day, with one model, or by one person.
#[derive(Serialize, ToSchema)]
#[schema(as = UsageRow)]
pub(crate) struct UsageRowView {
    /// The day, of UTC; null where sums are not made for days.
    #[schema(required, value_type = Option<String>, format = Date)]
    day: Option<String>,
    /// The model; null where sums are not made for models.
    #[schema(required)]
    model: Option<String>,
    /// The person; null where sums are not made for people.
    #[schema(required)]
    user_id: Option<Uuid>,
    #[serde(flatten)]
    sum: UsageSumView,
}

impl From<UsageRow> for UsageRowView {
    fn from(row: UsageRow) -> Self {
        Self {
            day: row.day.map(|it| it.to_string()),
            model: row.model,
            user_id: row.user.map(ignacio_domain::ids::UserId::into_uuid),
            sum: row.totals.into(),
        }
    }
}

/// How much one person may use; null is no limit. Days and months are those of UTC.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = UsageLimits)]
pub(crate) struct UsageLimitsView {
    /// Replies that are made at the same time.
    replies_at_once: u16,
    messages_per_ten_minutes: u16,
    messages_per_day: u16,
    #[schema(required)]
    tokens_per_day: Option<i64>,
    #[schema(required)]
    tokens_per_month: Option<i64>,
    /// In millionths of a US dollar.
    #[schema(required)]
    cost_micro_per_day: Option<i64>,
    #[schema(required)]
    cost_micro_per_month: Option<i64>,
}

impl From<UsageLimits> for UsageLimitsView {
    fn from(limits: UsageLimits) -> Self {
        Self {
            replies_at_once: limits.concurrent_replies,
            messages_per_ten_minutes: limits.messages_per_ten_minutes,
            messages_per_day: limits.messages_per_day,
            tokens_per_day: limits.tokens_per_day,
            tokens_per_month: limits.tokens_per_month,
            cost_micro_per_day: limits.cost_micro_usd_per_day,
            cost_micro_per_month: limits.cost_micro_usd_per_month,
        }
    }
}

/// What the caller has used and may use.
#[derive(Serialize, ToSchema)]
#[schema(as = OwnUsage)]
pub(crate) struct OwnUsageView {
    /// The first day, of UTC.
    #[schema(value_type = String, format = Date)]
    from: String,
    /// The last day.
    #[schema(value_type = String, format = Date)]
    to: String,
    /// For each day and model, the newest day first.
    data: Vec<UsageRowView>,
    limits: UsageLimitsView,
    /// The models that may be asked for; the first one answers who asks for none.
    models: Vec<String>,
}

impl OwnUsageView {
    /// Puts the two together.
    pub(crate) fn new(from: Date, to: Date, rows: Vec<UsageRow>, policy: &RolePolicy) -> Self {
        Self {
            from: from.to_string(),
            to: to.to_string(),
            data: rows.into_iter().map(Into::into).collect(),
            limits: policy.limits.into(),
            models: policy.models.clone(),
        }
    }
}

/// What sums are made for.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = UsageBy)]
pub(crate) enum UsageByView {
    #[default]
    Day,
    Model,
    User,
}

impl From<UsageByView> for ignacio_domain::usage::UsageGrouping {
    fn from(by: UsageByView) -> Self {
        match by {
            UsageByView::Day => Self::Day,
            UsageByView::Model => Self::Model,
            UsageByView::User => Self::User,
        }
    }
}
