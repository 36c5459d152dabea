//! Erases a user.

use actix_web::{HttpRequest, delete, web};
use ignacio_domain::ids::UserId;

use crate::auth::Caller;
use crate::etag::IfMatch;
use crate::extract::PathId;
use crate::problem::{ApiError, Problem, ResourceKind};
use crate::responders::Accepted;
use crate::state::AppState;
use crate::views::erasure::ErasureView;
use crate::views::managed_user::ManagedUserView;

/// Erases another user with all their data.
///
/// Requires a step-up (`step-up-required`). The database holds nothing of the user once this
/// returns; the worker then removes files and what providers hold, and the erasure shows how much is
/// left.
#[utoipa::path(
    tag = "admin",
    params(
        ("id" = Uuid, Path, description = "The user"),
        ("If-Match" = String, Header, description = "The ETag of the version that you read"),
    ),
    responses(
        (status = ACCEPTED, body = ErasureView, headers(
            ("Location" = String, description = "The erasure"),
        )),
        (status = FORBIDDEN, response = Problem),
        (status = NOT_FOUND, response = Problem),
        (status = CONFLICT, response = Problem),
        (status = PRECONDITION_FAILED, response = Problem),
        (status = PRECONDITION_REQUIRED, response = Problem),
    ),
)]
#[delete("/users/{id}")]
#[tracing::instrument(skip_all, fields(user.id = %*id))]
pub(crate) async fn delete_user(
    caller: Caller,
    id: PathId<UserId>,
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<Accepted<ErasureView>, ApiError> {
    let expected = IfMatch::required(&request)?;

    let scope = state.admin_db.begin(caller.session()).await?;
    let current = scope.users().lock(*id).await?.ok_or(ApiError::NotFound(ResourceKind::User))?;
    expected.check(&ManagedUserView::from(current))?;
    let erasure = scope.users().erase(*id).await?;
    scope.commit().await?;
    state.wake_worker();

    let location = format!("/v1/admin/erasures/{}", erasure.id);
    Ok(Accepted::at(location, erasure.into()))
}
