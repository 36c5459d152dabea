//! Removing a person, and the receipt for it.

use actix_web::{HttpRequest, delete, get, web};
use ignacio_domain::ids::{ErasureId, UserId};

use crate::auth::Caller;
use crate::etag::IfMatch;
use crate::extract::PathId;
use crate::problem::{ApiError, Problem, Thing};
use crate::responders::{Accepted, WithEtag};
use crate::state::AppState;
use crate::views::account::AccountView;
use crate::views::erasure::ErasureView;

/// Removes somebody else with all that is theirs.
///
/// Needs a fresh code (`step-up-required`). It is gone from the database when this answers; the
/// worker then removes files and what providers have, and the receipt says how much of it is left.
#[utoipa::path(
    operation_id = "delete_user",
    tag = "admin",
    params(
        ("id" = Uuid, Path, description = "The person"),
        ("If-Match" = String, Header, description = "The ETag of what you have read"),
    ),
    responses(
        (status = ACCEPTED, body = ErasureView, headers(
            ("Location" = String, description = "The receipt"),
        )),
        (status = FORBIDDEN, response = Problem),
        (status = NOT_FOUND, response = Problem),
        (status = CONFLICT, response = Problem),
        (status = PRECONDITION_FAILED, response = Problem),
        (status = PRECONDITION_REQUIRED, response = Problem),
    ),
)]
#[delete("/users/{id}")]
#[tracing::instrument(name = "api.admin.users.delete", skip_all, fields(user.id = %*id))]
pub(crate) async fn delete(
    caller: Caller,
    id: PathId<UserId>,
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<Accepted<ErasureView>, ApiError> {
    let expected = IfMatch::required(&request)?;

    let scope = state.admin_db.begin(caller.session()).await?;
    let current = scope.users().lock(*id).await?.ok_or(ApiError::NotFound(Thing::User))?;
    expected.check(&AccountView::from(current))?;
    let erasure = scope.users().erase(*id).await?;
    scope.commit().await?;
    state.poke();

    let location = format!("/v1/admin/erasures/{}", erasure.id);
    Ok(Accepted::at(location, erasure.into()))
}

/// Shows how far a removal is.
#[utoipa::path(
    operation_id = "show_erasure",
    tag = "admin",
    params(("id" = Uuid, Path, description = "The removal")),
    responses(
        (status = OK, body = ErasureView, headers(("ETag" = String))),
        (status = NOT_MODIFIED, description = "What you have is still good"),
        (status = FORBIDDEN, response = Problem),
        (status = NOT_FOUND, response = Problem),
    ),
)]
#[get("/erasures/{id}")]
#[tracing::instrument(name = "api.admin.erasures.show", skip_all, fields(erasure.id = %*id))]
pub(crate) async fn show_erasure(
    caller: Caller,
    id: PathId<ErasureId>,
    state: web::Data<AppState>,
) -> Result<WithEtag<ErasureView>, ApiError> {
    let scope = state.admin_db.begin(caller.session()).await?;
    let Some(erasure) = scope.users().erasure(*id).await? else {
        return Err(ApiError::NotFound(Thing::Erasure));
    };
    scope.commit().await?;

    Ok(WithEtag(erasure.into()))
}
