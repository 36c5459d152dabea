//! Erasures of users.

use actix_web::{get, web};
use ignacio_domain::ids::ErasureId;

use crate::auth::Caller;
use crate::extract::PathId;
use crate::problem::{ApiError, Problem, ResourceKind};
use crate::responders::WithEtag;
use crate::state::AppState;
use crate::views::erasure::ErasureView;

/// Shows the progress of an erasure.
#[utoipa::path(
    tag = "admin",
    params(("id" = Uuid, Path, description = "The erasure")),
    responses(
        (status = OK, body = ErasureView, headers(("ETag" = String))),
        (status = NOT_MODIFIED, description = "Your copy is current"),
        (status = FORBIDDEN, response = Problem),
        (status = NOT_FOUND, response = Problem),
    ),
)]
#[get("/erasures/{id}")]
#[tracing::instrument(skip_all, fields(erasure.id = %*id))]
pub(crate) async fn show_erasure(
    caller: Caller,
    id: PathId<ErasureId>,
    state: web::Data<AppState>,
) -> Result<WithEtag<ErasureView>, ApiError> {
    let scope = state.admin_db.begin(caller.session()).await?;
    let Some(erasure) = scope.users().erasure(*id).await? else {
        return Err(ApiError::NotFound(ResourceKind::Erasure));
    };
    scope.commit().await?;

    Ok(WithEtag(erasure.into()))
}
