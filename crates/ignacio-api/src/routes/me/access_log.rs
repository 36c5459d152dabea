//! What the staff did with the caller's data.

use actix_web::{get, web};
use serde::Deserialize;

use crate::auth::Caller;
use crate::cursor::List;
use crate::extract::Params;
use crate::paging::{Paging, listing};
use crate::problem::{ApiError, Problem};
use crate::state::AppState;
use crate::views::audit::AccessEntryView;
use crate::views::listing::Listing;

/// Which page.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListAccess {
    /// Rows of the page, 50 unless said otherwise.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists what the staff did with the caller's data, the newest first: who, what, when and why.
#[utoipa::path(
    operation_id = "list_own_access",
    tag = "me",
    params(ListAccess),
    responses(
        (status = OK, body = Listing<AccessEntryView>),
        (status = BAD_REQUEST, response = Problem),
    ),
)]
#[get("/me/access-log")]
#[tracing::instrument(name = "api.me.access_log", skip_all)]
pub(crate) async fn list_access(
    caller: Caller,
    Params(params): Params<ListAccess>,
    state: web::Data<AppState>,
) -> Result<Listing<AccessEntryView>, ApiError> {
    const LIST: List = List::AccessLog;
    let paging = Paging::read(&state.cursors, LIST, params.limit, params.cursor.as_deref())?;

    let scope = state.db.begin(caller.session()).await?;
    let owner = scope.identity().user;
    let after = paging.position_of(owner)?;
    let page = scope.access_log().list(after, paging.size).await?;
    scope.commit().await?;

    Ok(listing(&state.cursors, LIST, owner, page))
}
