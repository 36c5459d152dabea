//! Grants that let an admin read a user's conversations.

use actix_web::{HttpRequest, get, post, web};
use ignacio_domain::access::GrantReason;
use ignacio_domain::ids::{GrantId, UserId};
use ignacio_persistence::{AdminScope, StoreError};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use crate::auth::Caller;
use crate::extract::{PathId, ValidJson};
use crate::flows::idempotency::{Creation, IdempotencyKey, IdempotentResponse};
use crate::problem::{ApiError, Problem, ResourceKind, ValidationCode};
use crate::responders::{Created, WithEtag};
use crate::state::AppState;
use crate::views::access_grant::AccessGrantView;

/// The constraint that a grant's user exists.
const USER_FOREIGN_KEY: &str = "access_grants_user_id_fkey";

/// An access grant to create.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateAccessGrant {
    /// The user whose conversations may be read.
    user_id: Uuid,
    /// At least two words. The user can read it.
    #[schema(min_length = 10, max_length = 500, example = "Pidió ayuda con su plan de negocio")]
    reason: String,
}

/// Lets the caller read a user's conversations for half an hour.
///
/// The user sees the grant, its reason and each read at `/v1/me/access-log`.
#[utoipa::path(
    tag = "admin",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat"),
    ),
    request_body = CreateAccessGrant,
    responses(
        (status = CREATED, body = AccessGrantView, headers(
            ("Location" = String, description = "The grant"),
        )),
        (status = FORBIDDEN, response = Problem),
        (status = UNPROCESSABLE_ENTITY, response = Problem),
    ),
)]
#[post("/access-grants")]
#[tracing::instrument(skip_all)]
pub(crate) async fn create_access_grant(
    caller: Caller,
    ValidJson(body): ValidJson<CreateAccessGrant>,
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<IdempotentResponse, ApiError> {
    let key = IdempotencyKey::of(&request)?;
    let reason = GrantReason::parse(&body.reason)
        .map_err(|error| ApiError::invalid("/reason", error.into()))?;
    let user = UserId::from_uuid(body.user_id);

    let scope = state.admin_db.begin(caller.session()).await?;
    let work = async |scope: AdminScope| {
        let grant = scope.user_content().grant(user, &reason).await.map_err(map_store_error)?;
        let location = format!("/v1/admin/access-grants/{}", grant.id);
        let created = Created { location, view: AccessGrantView::from(grant) };
        Ok(Creation { scope, created, conversation: None })
    };
    key.run(scope, work).await
}

fn map_store_error(error: StoreError) -> ApiError {
    match error {
        StoreError::Conflict(constraint) if constraint == USER_FOREIGN_KEY => {
            ApiError::invalid("/user_id", ValidationCode::UserNotFound)
        }
        other => other.into(),
    }
}

/// Shows an access grant, even an expired one.
#[utoipa::path(
    tag = "admin",
    params(("id" = Uuid, Path, description = "The grant")),
    responses(
        (status = OK, body = AccessGrantView, headers(("ETag" = String))),
        (status = NOT_MODIFIED, description = "The copy that you have is current"),
        (status = FORBIDDEN, response = Problem),
        (status = NOT_FOUND, response = Problem),
    ),
)]
#[get("/access-grants/{id}")]
#[tracing::instrument(skip_all, fields(grant.id = %*id))]
pub(crate) async fn show_access_grant(
    caller: Caller,
    id: PathId<GrantId>,
    state: web::Data<AppState>,
) -> Result<WithEtag<AccessGrantView>, ApiError> {
    let scope = state.admin_db.begin(caller.session()).await?;
    let Some(grant) = scope.user_content().find_grant(*id).await? else {
        return Err(ApiError::NotFound(ResourceKind::Grant));
    };
    scope.commit().await?;

    Ok(WithEtag(grant.into()))
}
