//! The one-time codes that a user requested.

use actix_web::{get, web};
use ignacio_domain::ids::UserId;

use crate::auth::Caller;
use crate::extract::PathId;
use crate::problem::{ApiError, Problem, ResourceKind};
use crate::state::AppState;
use crate::views::login::CodeView;
use crate::views::page::PageView;

/// Lists the codes that a user requested in the last day, newest first, at most 50.
#[utoipa::path(
    tag = "admin",
    params(("id" = Uuid, Path, description = "The user")),
    responses(
        (status = OK, body = PageView<CodeView>),
        (status = FORBIDDEN, response = Problem),
        (status = NOT_FOUND, response = Problem),
    ),
)]
#[get("/users/{id}/codes")]
#[tracing::instrument(skip_all, fields(user.id = %*id))]
pub(crate) async fn list_codes_of_user(
    caller: Caller,
    id: PathId<UserId>,
    state: web::Data<AppState>,
) -> Result<PageView<CodeView>, ApiError> {
    let scope = state.admin_db.begin(caller.session()).await?;
    scope.login_attempts().find_user(*id).await?.ok_or(ApiError::NotFound(ResourceKind::User))?;
    let codes = scope.login_attempts().codes(*id).await?;
    scope.commit().await?;

    Ok(PageView { data: codes.into_iter().map(Into::into).collect(), next_cursor: None })
}
