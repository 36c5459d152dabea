//! Helping people to log in: what became of their codes, and the end of a pause.

use actix_web::{delete, get, web};
use ignacio_domain::ids::UserId;
use ignacio_domain::managed_user::ManagedUser;
use ignacio_domain::rate_limit::RateLimitKey;

use crate::auth::Caller;
use crate::extract::PathId;
use crate::problem::{ApiError, Problem, Thing};
use crate::responders::{NoContent, WithEtag};
use crate::state::AppState;
use crate::views::listing::Listing;
use crate::views::login::{CodeView, LoginFailuresView};

/// What tries at somebody's number are counted under; what is no number has no tries.
fn bucket_of(state: &AppState, account: &ManagedUser) -> Option<RateLimitKey> {
    let phone = account.phone.as_ref()?;
    Some(RateLimitKey::for_number(&state.settings.keys.buckets, phone.expose()))
}

/// Shows how many tries to log in as somebody have failed, and whether new devices have to wait.
///
/// After 20 tries they wait an hour, after 50 a day, after 100 until an admin forgets them.
#[utoipa::path(
    operation_id = "show_login_failures",
    tag = "admin",
    params(("id" = Uuid, Path, description = "The person")),
    responses(
        (status = OK, body = LoginFailuresView, headers(("ETag" = String))),
        (status = NOT_MODIFIED, description = "What you have is still good"),
        (status = FORBIDDEN, response = Problem),
        (status = NOT_FOUND, response = Problem),
    ),
)]
#[get("/users/{id}/login-failures")]
#[tracing::instrument(name = "api.admin.logins.show_failures", skip_all, fields(user.id = %*id))]
pub(crate) async fn show_failures(
    caller: Caller,
    id: PathId<UserId>,
    state: web::Data<AppState>,
) -> Result<WithEtag<LoginFailuresView>, ApiError> {
    let scope = state.admin_db.begin(caller.session()).await?;
    let account =
        scope.login_attempts().find_user(*id).await?.ok_or(ApiError::NotFound(Thing::User))?;
    let failures = scope.login_attempts().failures(*id, bucket_of(&state, &account)).await?;
    scope.commit().await?;

    Ok(WithEtag(failures.into()))
}

/// Forgets the tries that failed, so that new devices can log in at once.
#[utoipa::path(
    operation_id = "forget_login_failures",
    tag = "admin",
    params(("id" = Uuid, Path, description = "The person")),
    responses(
        (status = NO_CONTENT, description = "None are counted any more"),
        (status = FORBIDDEN, response = Problem),
        (status = NOT_FOUND, response = Problem),
    ),
)]
#[delete("/users/{id}/login-failures")]
#[tracing::instrument(name = "api.admin.logins.forget_failures", skip_all, fields(user.id = %*id))]
pub(crate) async fn forget_failures(
    caller: Caller,
    id: PathId<UserId>,
    state: web::Data<AppState>,
) -> Result<NoContent, ApiError> {
    let scope = state.admin_db.begin(caller.session()).await?;
    let account =
        scope.login_attempts().find_user(*id).await?.ok_or(ApiError::NotFound(Thing::User))?;
    scope.login_attempts().clear_failures(*id, bucket_of(&state, &account)).await?;
    scope.commit().await?;

    Ok(NoContent)
}

/// Lists what became of somebody's codes of the last day, the newest first, 50 at most.
#[utoipa::path(
    operation_id = "list_codes_of_user",
    tag = "admin",
    params(("id" = Uuid, Path, description = "The person")),
    responses(
        (status = OK, body = Listing<CodeView>),
        (status = FORBIDDEN, response = Problem),
        (status = NOT_FOUND, response = Problem),
    ),
)]
#[get("/users/{id}/codes")]
#[tracing::instrument(name = "api.admin.logins.list_codes", skip_all, fields(user.id = %*id))]
pub(crate) async fn list_codes(
    caller: Caller,
    id: PathId<UserId>,
    state: web::Data<AppState>,
) -> Result<Listing<CodeView>, ApiError> {
    let scope = state.admin_db.begin(caller.session()).await?;
    scope.login_attempts().find_user(*id).await?.ok_or(ApiError::NotFound(Thing::User))?;
    let codes = scope.login_attempts().codes(*id).await?;
    scope.commit().await?;

    Ok(Listing { data: codes.into_iter().map(Into::into).collect(), next_cursor: None })
}
