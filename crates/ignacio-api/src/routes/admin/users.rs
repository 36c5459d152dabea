//! All users, as admins manage them.

mod codes;
mod create;
mod delete;
mod list;
mod login_failures;
mod update;

use actix_web::{delete, get, web};
use ignacio_domain::ids::UserId;
use ignacio_persistence::StoreError;

pub(crate) use self::codes::list_codes_of_user;
pub(crate) use self::create::create_user;
pub(crate) use self::delete::delete_user;
pub(crate) use self::list::list_users;
pub(crate) use self::login_failures::{clear_login_failures, show_login_failures};
pub(crate) use self::update::update_user;
use crate::auth::Caller;
use crate::extract::PathId;
use crate::problem::{ApiError, Problem, ResourceKind};
use crate::responders::{NoContent, WithEtag};
use crate::state::AppState;
use crate::views::managed_user::ManagedUserView;

/// The constraint that makes phone numbers unique.
const UNIQUE_PHONE: &str = "users_phone_number_key";

/// Shows a user.
#[utoipa::path(
    tag = "admin",
    params(("id" = Uuid, Path, description = "The user")),
    responses(
        (status = OK, body = ManagedUserView, headers(("ETag" = String))),
        (status = NOT_MODIFIED, description = "The copy that you have is current"),
        (status = FORBIDDEN, response = Problem),
        (status = NOT_FOUND, response = Problem),
    ),
)]
#[get("/users/{id}")]
#[tracing::instrument(skip_all, fields(user.id = %*id))]
pub(crate) async fn show_user(
    caller: Caller,
    id: PathId<UserId>,
    state: web::Data<AppState>,
) -> Result<WithEtag<ManagedUserView>, ApiError> {
    let scope = state.admin_db.begin(caller.session()).await?;
    let Some(user) = scope.users().find(*id).await? else {
        return Err(ApiError::NotFound(ResourceKind::User));
    };
    scope.commit().await?;

    Ok(WithEtag(user.into()))
}

/// Logs out all devices of a user, and forgets that they are known.
///
/// Requires a step-up (`step-up-required`).
#[utoipa::path(
    tag = "admin",
    params(("id" = Uuid, Path, description = "The user")),
    responses(
        (status = NO_CONTENT, description = "The sessions have ended"),
        (status = FORBIDDEN, response = Problem),
        (status = NOT_FOUND, response = Problem),
    ),
)]
#[delete("/users/{id}/sessions")]
#[tracing::instrument(skip_all, fields(user.id = %*id))]
pub(crate) async fn end_sessions_of_user(
    caller: Caller,
    id: PathId<UserId>,
    state: web::Data<AppState>,
) -> Result<NoContent, ApiError> {
    let scope = state.admin_db.begin(caller.session()).await?;
    if scope.users().revoke_sessions(*id).await?.is_none() {
        return Err(ApiError::NotFound(ResourceKind::User));
    }
    scope.commit().await?;

    Ok(NoContent)
}

/// The error of a user that could not be stored.
fn map_store_error(error: StoreError) -> ApiError {
    match error {
        StoreError::Conflict(constraint) if constraint == UNIQUE_PHONE => ApiError::PhoneTaken,
        other => other.into(),
    }
}
