//! The list of accounts.

use actix_web::{get, web};
use ignacio_domain::managed_user::UserFilter;
use serde::Deserialize;

use crate::auth::Caller;
use crate::cursor::List;
use crate::extract::Params;
use crate::paging::{Paging, listing};
use crate::problem::{ApiError, Problem};
use crate::state::AppState;
use crate::views::account::AccountView;
use crate::views::listing::CountedListing;
use crate::views::person::RoleView;

/// Which accounts.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListUsers {
    /// Rows of the page, 50 unless said otherwise.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// Only those with these characters in their name or number, in any case.
    q: Option<String>,
    /// Only those who may log in, or only those who may not.
    active: Option<bool>,
    /// Only those who may do this.
    role: Option<RoleView>,
    /// Whether to count the rows of all pages too.
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

/// Lists accounts, the newest first.
#[utoipa::path(
    operation_id = "list_users",
    tag = "admin",
    params(ListUsers),
    responses(
        (status = OK, body = CountedListing<AccountView>),
        (status = BAD_REQUEST, response = Problem),
        (status = FORBIDDEN, response = Problem),
    ),
)]
#[get("/users")]
#[tracing::instrument(name = "api.admin.users.list", skip_all)]
pub(crate) async fn list(
    caller: Caller,
    Params(params): Params<ListUsers>,
    state: web::Data<AppState>,
) -> Result<CountedListing<AccountView>, ApiError> {
    const LIST: List = List::ManagedUsers;
    let paging = Paging::read(&state.cursors, LIST, params.limit, params.cursor.as_deref())?;
    let filter = params.filter();

    let scope = state.admin_db.begin(caller.session()).await?;
    let admin = scope.identity().user;
    let after = paging.position_of(admin)?;
    // Counted first: the list ends with a note in the audit, for whose chain others wait.
    let total = if params.count { Some(scope.users().count(&filter).await?) } else { None };
    let page = scope.users().list(&filter, after, paging.size).await?;
    scope.commit().await?;

    Ok(listing(&state.cursors, LIST, admin, page).counted(total))
}
