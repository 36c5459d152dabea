//! Grants to read somebody's conversations.

use actix_web::{HttpRequest, get, post, web};
use ignacio_domain::access::GrantReason;
use ignacio_domain::ids::{GrantId, UserId};
use ignacio_persistence::{AdminScope, StoreError};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use crate::auth::Caller;
use crate::extract::{Body, PathId};
use crate::flows::idempotency::{Creation, IdempotencyKey, IdempotentResponse};
use crate::problem::{ApiError, Problem, Rule, Thing};
use crate::responders::{Created, Tagged};
use crate::state::AppState;
use crate::views::grant::GrantView;

/// The constraint by which a grant is about somebody.
const ABOUT_SOMEBODY: &str = "access_grants_user_id_fkey";

/// What is asked for.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateGrant {
    /// Whose conversations.
    user_id: Uuid,
    /// Two words at least. The person reads it.
    #[schema(min_length = 10, max_length = 500, example = "Pidió ayuda con su plan de negocio")]
    reason: String,
}

/// Lets the caller read a person's conversations for half an hour.
///
/// The person sees the grant, its reason, and each reading, at `/v1/me/access-log`.
#[utoipa::path(
    operation_id = "create_access_grant",
    tag = "admin",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to ask again"),
    ),
    request_body = CreateGrant,
    responses(
        (status = CREATED, body = GrantView, headers(
            ("Location" = String, description = "The grant"),
        )),
        (status = FORBIDDEN, response = Problem),
        (status = UNPROCESSABLE_ENTITY, response = Problem),
    ),
)]
#[post("/access-grants")]
#[tracing::instrument(name = "api.admin.grants.create", skip_all)]
pub(crate) async fn create(
    caller: Caller,
    Body(body): Body<CreateGrant>,
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<IdempotentResponse, ApiError> {
    let key = IdempotencyKey::of(&request)?;
    let reason = GrantReason::parse(&body.reason)
        .map_err(|error| ApiError::invalid("/reason", error.into()))?;
    let user = UserId::from_uuid(body.user_id);

    let scope = state.admin_db.begin(caller.session()).await?;
    let work = async |scope: AdminScope| {
        let grant = scope.user_content().grant(user, &reason).await.map_err(refusal)?;
        let location = format!("/v1/admin/access-grants/{}", grant.id);
        let created = Created { location, view: GrantView::from(grant) };
        Ok(Creation { scope, created, conversation: None })
    };
    key.run(scope, work).await
}

fn refusal(error: StoreError) -> ApiError {
    match error {
        StoreError::Conflict(rule) if rule == ABOUT_SOMEBODY => {
            ApiError::invalid("/user_id", Rule::PersonGone)
        }
        other => other.into(),
    }
}

/// Shows a grant, also one that has run out.
#[utoipa::path(
    operation_id = "show_access_grant",
    tag = "admin",
    params(("id" = Uuid, Path, description = "The grant")),
    responses(
        (status = OK, body = GrantView, headers(("ETag" = String))),
        (status = NOT_MODIFIED, description = "What you have is still good"),
        (status = FORBIDDEN, response = Problem),
        (status = NOT_FOUND, response = Problem),
    ),
)]
#[get("/access-grants/{id}")]
#[tracing::instrument(name = "api.admin.grants.show", skip_all, fields(grant.id = %*id))]
pub(crate) async fn show(
    caller: Caller,
    id: PathId<GrantId>,
    state: web::Data<AppState>,
) -> Result<Tagged<GrantView>, ApiError> {
    let scope = state.admin_db.begin(caller.session()).await?;
    let Some(grant) = scope.user_content().find_grant(*id).await? else {
        return Err(ApiError::NotFound(Thing::Grant));
    };
    scope.commit().await?;

    Ok(Tagged(grant.into()))
}
