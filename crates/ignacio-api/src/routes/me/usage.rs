//! What the caller has used, and may use.

use actix_web::{get, web};
use serde::Deserialize;

use crate::auth::Caller;
use crate::extract::{Days, Params};
use crate::problem::{ApiError, Problem};
use crate::responders::Tagged;
use crate::state::AppState;
use crate::views::usage::OwnUsageView;

/// Which days, of UTC, both included.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OwnUsage {
    /// The first day; the first of `to`'s month unless said otherwise.
    #[param(format = Date)]
    from: Option<String>,
    /// The last day; today unless said otherwise.
    #[param(format = Date)]
    to: Option<String>,
}

/// Shows what the caller has used, for each day and model, and how much may be used.
#[utoipa::path(
    operation_id = "show_own_usage",
    tag = "me",
    params(OwnUsage),
    responses(
        (status = OK, body = OwnUsageView, headers(("ETag" = String))),
        (status = NOT_MODIFIED, description = "What you have is still good"),
        (status = UNPROCESSABLE_ENTITY, response = Problem),
    ),
)]
#[get("/me/usage")]
#[tracing::instrument(name = "api.me.usage", skip_all)]
pub(crate) async fn show_usage(
    caller: Caller,
    Params(params): Params<OwnUsage>,
    state: web::Data<AppState>,
) -> Result<Tagged<OwnUsageView>, ApiError> {
    let scope = state.db.begin(caller.session()).await?;
    let today = scope.usage().today().await?;
    let days = Days::parse(today, params.from.as_deref(), params.to.as_deref())?;
    let role = scope.identity().role;
    let rows = scope.usage().between(days.from, days.to).await?;
    scope.commit().await?;

    let policy = state.settings.models.policy(role);
    Ok(Tagged(OwnUsageView::new(days.from, days.to, rows, policy)))
}
