//! A user's failed logins, and the end of a lockout.

use actix_web::{delete, get, web};
use ignacio_domain::ids::UserId;
use ignacio_domain::managed_user::ManagedUser;
use ignacio_domain::rate_limit::RateLimitKey;

use crate::auth::Caller;
use crate::extract::PathId;
use crate::problem::{ApiError, Problem, ResourceKind};
use crate::responders::{NoContent, WithEtag};
use crate::state::AppState;
use crate::views::login::LoginFailuresView;

/// The key under which logins with a user's number are counted; `None` without a valid number.
fn rate_limit_key(state: &AppState, user: &ManagedUser) -> Option<RateLimitKey> {
    let phone = user.phone.as_ref()?;
    Some(RateLimitKey::for_number(&state.settings.keys.rate_limit, phone.expose()))
}

/// Shows how many logins of a user have failed, and whether new devices are locked out.
///
/// 20 failures lock them out for an hour, 50 for a day, 100 until an admin clears the failures.
#[utoipa::path(
    tag = "admin",
    params(("id" = Uuid, Path, description = "The user")),
    responses(
        (status = OK, body = LoginFailuresView, headers(("ETag" = String))),
        (status = NOT_MODIFIED, description = "The copy that you have is current"),
        (status = FORBIDDEN, response = Problem),
        (status = NOT_FOUND, response = Problem),
    ),
)]
#[get("/users/{id}/login-failures")]
#[tracing::instrument(skip_all, fields(user.id = %*id))]
pub(crate) async fn show_login_failures(
    caller: Caller,
    id: PathId<UserId>,
    state: web::Data<AppState>,
) -> Result<WithEtag<LoginFailuresView>, ApiError> {
    let scope = state.admin_db.begin(caller.session()).await?;
    let user = scope
        .login_attempts()
        .find_user(*id)
        .await?
        .ok_or(ApiError::NotFound(ResourceKind::User))?;
    let failures = scope.login_attempts().failures(*id, rate_limit_key(&state, &user)).await?;
    scope.commit().await?;

    Ok(WithEtag(failures.into()))
}

/// Clears the failed logins of a user, so that new devices can log in at once.
#[utoipa::path(
    tag = "admin",
    params(("id" = Uuid, Path, description = "The user")),
    responses(
        (status = NO_CONTENT, description = "The failures are cleared"),
        (status = FORBIDDEN, response = Problem),
        (status = NOT_FOUND, response = Problem),
    ),
)]
#[delete("/users/{id}/login-failures")]
#[tracing::instrument(skip_all, fields(user.id = %*id))]
pub(crate) async fn clear_login_failures(
    caller: Caller,
    id: PathId<UserId>,
    state: web::Data<AppState>,
) -> Result<NoContent, ApiError> {
    let scope = state.admin_db.begin(caller.session()).await?;
    let user = scope
        .login_attempts()
        .find_user(*id)
        .await?
        .ok_or(ApiError::NotFound(ResourceKind::User))?;
    scope.login_attempts().clear_failures(*id, rate_limit_key(&state, &user)).await?;
    scope.commit().await?;

    Ok(NoContent)
}
