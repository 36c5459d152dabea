//! Usage and quotas.

use ignacio_domain::model_catalog::RolePolicy;
use ignacio_domain::quota::UsageLimits;
use ignacio_domain::usage::{UsageRow, UsageTotals};
use serde::{Deserialize, Serialize};
use time::Date;
use utoipa::ToSchema;
use uuid::Uuid;

/// Sums of usage. A running reply counts once it has ended.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = UsageTotals)]
pub(crate) struct UsageTotalsView {
    /// Replies, regenerated ones included.
    replies: i64,
    /// Tokens of the prompts, cached ones included.
    input: i64,
    /// Tokens of the prompts that the provider had cached.
    cached: i64,
    /// Tokens of the replies, reasoning included.
    output: i64,
    /// Tokens of reasoning.
    reasoning: i64,
    /// Money, in millionths of a US dollar, at the prices of that time.
    cost_micro: i64,
}

impl From<UsageTotals> for UsageTotalsView {
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

/// The usage of one day, model or user.
#[derive(Serialize, ToSchema)]
#[schema(as = UsageRow)]
pub(crate) struct UsageRowView {
    /// The day, in UTC; null unless sums are grouped by day.
    #[schema(required, value_type = Option<String>, format = Date)]
    day: Option<String>,
    /// The model; null unless sums are grouped by model.
    #[schema(required)]
    model: Option<String>,
    /// The user; null unless sums are grouped by user.
    #[schema(required)]
    user_id: Option<Uuid>,
    #[serde(flatten)]
    sum: UsageTotalsView,
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

/// The quotas of a user; null means no quota. Days and months are in UTC.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = UsageLimits)]
pub(crate) struct UsageLimitsView {
    /// Concurrent replies.
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

/// The caller's usage and quotas.
#[derive(Serialize, ToSchema)]
#[schema(as = OwnUsage)]
pub(crate) struct OwnUsageView {
    /// The first day, in UTC.
    #[schema(value_type = String, format = Date)]
    from: String,
    /// The last day.
    #[schema(value_type = String, format = Date)]
    to: String,
    /// By day and model, newest day first.
    data: Vec<UsageRowView>,
    limits: UsageLimitsView,
    /// The models that may be requested; the first one is the default.
    models: Vec<String>,
}

impl OwnUsageView {
    /// Combines usage and quotas.
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

/// How sums are grouped.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = UsageGrouping)]
pub(crate) enum UsageGroupingView {
    #[default]
    Day,
    Model,
    User,
}

impl From<UsageGroupingView> for ignacio_domain::usage::UsageGrouping {
    fn from(grouping: UsageGroupingView) -> Self {
        match grouping {
            UsageGroupingView::Day => Self::Day,
            UsageGroupingView::Model => Self::Model,
            UsageGroupingView::User => Self::User,
        }
    }
}
