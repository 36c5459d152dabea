//! Everyone's usage.

use actix_web::{get, web};
use ignacio_domain::ids::UserId;
use serde::Deserialize;
use uuid::Uuid;

use crate::auth::Caller;
use crate::extract::{DateRange, ValidQuery};
use crate::problem::{ApiError, Problem};
use crate::state::AppState;
use crate::views::page::PageView;
use crate::views::usage::{UsageGroupingView, UsageRowView};

/// A range of days in UTC, both ends included, and how to group the sums.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListUsage {
    /// How to group the sums; by day unless set.
    #[serde(default)]
    #[param(inline, value_type = Option<UsageGroupingView>)]
    group_by: UsageGroupingView,
    /// Only the usage of this user.
    user_id: Option<Uuid>,
    /// The first day; by default the first of the month of `to`.
    #[param(format = Date)]
    from: Option<String>,
    /// The last day; today by default.
    #[param(format = Date)]
    to: Option<String>,
}

/// Sums up usage by day, model or user, in at most 1000 rows.
///
/// Days are listed newest first, models and users by cost. The rows hold numbers only, nothing of
/// what users wrote. The request is recorded in the audit log.
#[utoipa::path(
    tag = "admin",
    params(ListUsage),
    responses(
        (status = OK, body = PageView<UsageRowView>),
        (status = FORBIDDEN, response = Problem),
        (status = UNPROCESSABLE_ENTITY, response = Problem),
    ),
)]
#[get("/usage")]
#[tracing::instrument(skip_all)]
pub(crate) async fn list_usage(
    caller: Caller,
    ValidQuery(params): ValidQuery<ListUsage>,
    state: web::Data<AppState>,
) -> Result<PageView<UsageRowView>, ApiError> {
    let user = params.user_id.map(UserId::from_uuid);

    let scope = state.admin_db.begin(caller.session()).await?;
    let usage = scope.usage();
    let today = usage.today().await?;
    let range = DateRange::parse(today, params.from.as_deref(), params.to.as_deref())?;
    let rows = usage.between(params.group_by.into(), user, range.from, range.to).await?;
    scope.commit().await?;

    Ok(PageView { data: rows.into_iter().map(Into::into).collect(), next_cursor: None })
}
