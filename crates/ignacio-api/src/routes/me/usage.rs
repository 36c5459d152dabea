//! The caller's usage and quotas.

use actix_web::{get, web};
use serde::Deserialize;

use crate::auth::Caller;
use crate::extract::{DateRange, ValidQuery};
use crate::problem::{ApiError, Problem};
use crate::responders::WithEtag;
use crate::state::AppState;
use crate::views::usage::OwnUsageView;

/// A range of days in UTC, both ends included.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ShowUsage {
    /// The first day; by default the first of the month of `to`.
    #[param(format = Date)]
    from: Option<String>,
    /// The last day; today by default.
    #[param(format = Date)]
    to: Option<String>,
}

/// Shows the caller's usage per day and model, and their quotas.
#[utoipa::path(
    tag = "me",
    params(ShowUsage),
    responses(
        (status = OK, body = OwnUsageView, headers(("ETag" = String))),
        (status = NOT_MODIFIED, description = "The copy that you have is current"),
        (status = UNPROCESSABLE_ENTITY, response = Problem),
    ),
)]
#[get("/me/usage")]
#[tracing::instrument(skip_all)]
pub(crate) async fn show_own_usage(
    caller: Caller,
    ValidQuery(params): ValidQuery<ShowUsage>,
    state: web::Data<AppState>,
) -> Result<WithEtag<OwnUsageView>, ApiError> {
    let scope = state.db.begin(caller.session()).await?;
    let today = scope.usage().today().await?;
    let range = DateRange::parse(today, params.from.as_deref(), params.to.as_deref())?;
    let role = scope.identity().role;
    let rows = scope.usage().between(range.from, range.to).await?;
    scope.commit().await?;

    let policy = state.settings.models.policy(role);
    Ok(WithEtag(OwnUsageView::new(range.from, range.to, rows, policy)))
}
