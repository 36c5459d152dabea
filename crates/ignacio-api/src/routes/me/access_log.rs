//! The access log: what admins did with the caller's data.

use actix_web::{get, web};

use crate::auth::Caller;
use crate::cursor::List;
use crate::extract::ValidQuery;
use crate::paging::{PageQuery, page_view};
use crate::problem::{ApiError, Problem};
use crate::state::AppState;
use crate::views::access_log_entry::AccessLogEntryView;
use crate::views::page::PageView;

/// Lists what admins did with the caller's data, newest first: who, what, when and why.
#[utoipa::path(
    tag = "me",
    params(PageQuery),
    responses(
        (status = OK, body = PageView<AccessLogEntryView>),
        (status = BAD_REQUEST, response = Problem),
    ),
)]
#[get("/me/access-log")]
#[tracing::instrument(skip_all)]
pub(crate) async fn list_own_access(
    caller: Caller,
    ValidQuery(query): ValidQuery<PageQuery>,
    state: web::Data<AppState>,
) -> Result<PageView<AccessLogEntryView>, ApiError> {
    const LIST: List = List::AccessLog;
    let paging = query.paging(&state.cursors, LIST)?;

    let scope = state.db.begin(caller.session()).await?;
    let owner = scope.identity().user;
    let after = paging.position_of(owner)?;
    let page = scope.access_log().list(after, paging.size).await?;
    scope.commit().await?;

    Ok(page_view(&state.cursors, LIST, owner, page))
}
