//! Who used how much.

use actix_web::{get, web};
use ignacio_domain::ids::UserId;
use serde::Deserialize;
use uuid::Uuid;

use crate::auth::Caller;
use crate::extract::{Days, Params};
use crate::problem::{ApiError, Problem};
use crate::state::AppState;
use crate::views::listing::Listing;
use crate::views::usage::{UsageByView, UsageRowView};

/// Which days, of UTC, both included, and what sums are made for.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListUsage {
    /// What sums are made for; days unless said otherwise.
    #[serde(default)]
    #[param(inline, value_type = Option<UsageByView>)]
    group_by: UsageByView,
    /// Only this person's.
    user_id: Option<Uuid>,
    /// The first day; the first of `to`'s month unless said otherwise.
    #[param(format = Date)]
    from: Option<String>,
    /// The last day; today unless said otherwise.
    #[param(format = Date)]
    to: Option<String>,
}

/// Sums up what was used: by day, model or person, 1000 rows at most.
///
/// Days come in their order, the newest first; models and people by what they cost. Numbers only:
/// nothing that was said. It is written into the audit.
#[utoipa::path(
    operation_id = "list_usage",
    tag = "admin",
    params(ListUsage),
    responses(
        (status = OK, body = Listing<UsageRowView>),
        (status = FORBIDDEN, response = Problem),
        (status = UNPROCESSABLE_ENTITY, response = Problem),
    ),
)]
#[get("/usage")]
#[tracing::instrument(name = "api.admin.usage.list", skip_all)]
pub(crate) async fn list(
    caller: Caller,
    Params(params): Params<ListUsage>,
    state: web::Data<AppState>,
) -> Result<Listing<UsageRowView>, ApiError> {
    let user = params.user_id.map(UserId::from_uuid);

    let scope = state.admin_db.begin(caller.session()).await?;
    let spending = scope.usage();
    let today = spending.today().await?;
    let days = Days::parse(today, params.from.as_deref(), params.to.as_deref())?;
    let rows = spending.between(params.group_by.into(), user, days.from, days.to).await?;
    scope.commit().await?;

    Ok(Listing { data: rows.into_iter().map(Into::into).collect(), next_cursor: None })
}
