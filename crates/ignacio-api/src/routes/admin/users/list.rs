//! Lists users.

use actix_web::{get, web};
use ignacio_domain::managed_user::UserFilter;
use serde::Deserialize;

use crate::auth::Caller;
use crate::cursor::List;
use crate::extract::ValidQuery;
use crate::paging::{Paging, page_view};
use crate::problem::{ApiError, Problem};
use crate::state::AppState;
use crate::views::managed_user::ManagedUserView;
use crate::views::page::CountedPageView;
use crate::views::user::RoleView;

/// Which users to list.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListUsers {
    /// Rows per page; 50 by default.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// The `next_cursor` of the previous page.
    cursor: Option<String>,
    /// Only users whose name or number contains this text, in any case.
    q: Option<String>,
    /// Only users who may log in, or only users who may not.
    active: Option<bool>,
    /// Only users with this role.
    role: Option<RoleView>,
    /// Whether to return the number of rows of all pages.
    #[serde(default)]
    count: bool,
}

impl ListUsers {
    fn filter(&self) -> UserFilter {
        UserFilter {
            // Postgres cannot hold a NUL, so no name contains one.
            query: self.q.as_ref().map(|text| text.replace('\0', "\u{fffd}")),
            is_active: self.active,
            role: self.role.map(Into::into),
        }
    }
}

/// Lists users, newest first.
#[utoipa::path(
    tag = "admin",
    params(ListUsers),
    responses(
        (status = OK, body = CountedPageView<ManagedUserView>),
        (status = BAD_REQUEST, response = Problem),
        (status = FORBIDDEN, response = Problem),
    ),
)]
#[get("/users")]
#[tracing::instrument(skip_all)]
pub(crate) async fn list_users(
    caller: Caller,
    ValidQuery(params): ValidQuery<ListUsers>,
    state: web::Data<AppState>,
) -> Result<CountedPageView<ManagedUserView>, ApiError> {
    const LIST: List = List::ManagedUsers;
    let paging = Paging::read(&state.cursors, LIST, params.limit, params.cursor.as_deref())?;
    let filter = params.filter();

    let scope = state.admin_db.begin(caller.session()).await?;
    let admin = scope.identity().user;
    let after = paging.position_of(admin)?;
    // Count first: listing ends with an audit event, whose chain is locked until the commit.
    let total = if params.count { Some(scope.users().count(&filter).await?) } else { None };
    let page = scope.users().list(&filter, after, paging.size).await?;
    scope.commit().await?;

    Ok(page_view(&state.cursors, LIST, admin, page).counted(total))
}
