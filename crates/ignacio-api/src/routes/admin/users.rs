//! Everybody's accounts.

mod creation;
mod lists;
mod update;

use actix_web::{delete, get, web};
use ignacio_domain::ids::UserId;
use ignacio_persistence::StoreError;

pub(crate) use self::creation::create;
pub(crate) use self::lists::list;
pub(crate) use self::update::change;
use crate::auth::Caller;
use crate::extract::PathId;
use crate::problem::{ApiError, Problem, Thing};
use crate::responders::{Done, Tagged};
use crate::state::AppState;
use crate::views::account::AccountView;

/// The constraint by which nobody shares a number.
const ONE_PHONE_EACH: &str = "users_phone_number_key";

/// Shows somebody's account.
#[utoipa::path(
    operation_id = "show_user",
    tag = "admin",
    params(("id" = Uuid, Path, description = "The person")),
    responses(
        (status = OK, body = AccountView, headers(("ETag" = String))),
        (status = NOT_MODIFIED, description = "What you have is still good"),
        (status = FORBIDDEN, response = Problem),
        (status = NOT_FOUND, response = Problem),
    ),
)]
#[get("/users/{id}")]
#[tracing::instrument(name = "api.admin.users.show", skip_all, fields(user.id = %*id))]
pub(crate) async fn show(
    caller: Caller,
    id: PathId<UserId>,
    state: web::Data<AppState>,
) -> Result<Tagged<AccountView>, ApiError> {
    let scope = state.admin_db.begin(caller.session()).await?;
    let Some(account) = scope.users().find(*id).await? else {
        return Err(ApiError::NotFound(Thing::User));
    };
    scope.commit().await?;

    Ok(Tagged(account.into()))
}

/// Logs all of somebody's devices out; none of them is known any more.
///
/// Needs a fresh code (`step-up-required`).
#[utoipa::path(
    operation_id = "end_sessions_of_user",
    tag = "admin",
    params(("id" = Uuid, Path, description = "The person")),
    responses(
        (status = NO_CONTENT, description = "Their sessions are over"),
        (status = FORBIDDEN, response = Problem),
        (status = NOT_FOUND, response = Problem),
    ),
)]
#[delete("/users/{id}/sessions")]
#[tracing::instrument(name = "api.admin.users.end_sessions", skip_all, fields(user.id = %*id))]
pub(crate) async fn end_sessions(
    caller: Caller,
    id: PathId<UserId>,
    state: web::Data<AppState>,
) -> Result<Done, ApiError> {
    let scope = state.admin_db.begin(caller.session()).await?;
    if scope.users().revoke_sessions(*id).await?.is_none() {
        return Err(ApiError::NotFound(Thing::User));
    }
    scope.commit().await?;

    Ok(Done)
}

/// What it means that an account could not be stored.
fn refusal(error: StoreError) -> ApiError {
    match error {
        StoreError::Conflict(rule) if rule == ONE_PHONE_EACH => ApiError::PhoneTaken,
        other => other.into(),
    }
}
