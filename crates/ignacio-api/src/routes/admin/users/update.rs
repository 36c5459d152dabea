//! Changing somebody else's account.

use std::str::FromStr as _;

use actix_web::{HttpRequest, patch, web};
use ignacio_domain::ids::UserId;
use ignacio_domain::locale::Locale;
use ignacio_domain::managed_user::UserChange;
use ignacio_domain::phone::PhoneNumber;
use ignacio_domain::user::UserName;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::refusal;
use crate::auth::Caller;
use crate::etag::IfMatch;
use crate::extract::{MergePatch, PathId, not_null};
use crate::problem::{ApiError, Problem, Thing};
use crate::responders::Tagged;
use crate::state::AppState;
use crate::views::account::AccountView;
use crate::views::person::{LocaleView, RoleView};

/// What to change; what is left out stays.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeUser {
    /// With the country code. Another number ends all sessions of the person, voids their codes and
    /// makes their devices unknown; both numbers are told. Needs a fresh code.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, example = "+57 300 123 4567")]
    phone: Option<String>,
    /// 1 to 120 characters.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, min_length = 1, max_length = 120)]
    name: Option<String>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, value_type = LocaleView)]
    locale: Option<String>,
    /// Another role ends all sessions of the person. `admin` needs a fresh code.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    role: Option<RoleView>,
    /// False ends all sessions of the person, and lets them open no others.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    active: Option<bool>,
}

impl ChangeUser {
    fn parse(&self) -> Result<UserChange, ApiError> {
        let phone = self.phone.as_deref().map(PhoneNumber::parse).transpose();
        let name = self.name.as_deref().map(UserName::parse).transpose();
        let locale = self.locale.as_deref().map(Locale::from_str).transpose();
        Ok(UserChange {
            phone: phone.map_err(|error| ApiError::invalid("/phone", error.into()))?,
            name: name.map_err(|error| ApiError::invalid("/name", error.into()))?,
            locale: locale.map_err(|error| ApiError::invalid("/locale", error.into()))?,
            role: self.role.map(Into::into),
            is_active: self.active,
        })
    }
}

/// Changes somebody else's number, name, language or role, shuts their account or opens it again.
///
/// Another number, and the role of an admin, need a fresh code (`step-up-required`).
#[utoipa::path(
    operation_id = "change_user",
    tag = "admin",
    params(
        ("id" = Uuid, Path, description = "The person"),
        ("If-Match" = String, Header, description = "The ETag of what you have read"),
    ),
    request_body(content = ChangeUser, content_type = "application/merge-patch+json"),
    responses(
        (status = OK, body = AccountView, headers(("ETag" = String))),
        (status = FORBIDDEN, response = Problem),
        (status = NOT_FOUND, response = Problem),
        (status = CONFLICT, response = Problem),
        (status = PRECONDITION_FAILED, response = Problem),
        (status = UNPROCESSABLE_ENTITY, response = Problem),
        (status = PRECONDITION_REQUIRED, response = Problem),
    ),
)]
#[patch("/users/{id}")]
#[tracing::instrument(name = "api.admin.users.change", skip_all, fields(user.id = %*id))]
pub(crate) async fn change(
    caller: Caller,
    id: PathId<UserId>,
    MergePatch(body): MergePatch<ChangeUser>,
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<Tagged<AccountView>, ApiError> {
    let change = body.parse()?;
    let expected = IfMatch::required(request.headers())?;

    let scope = state.admin_db.begin(caller.session()).await?;
    let current = scope.users().lock(*id).await?.ok_or(ApiError::NotFound(Thing::User))?;
    expected.check(&AccountView::from(current))?;
    let changed = scope.users().update(*id, &change).await.map_err(refusal)?;
    let account = changed.ok_or(ApiError::NotFound(Thing::User))?;
    scope.commit().await?;

    Ok(Tagged(account.into()))
}
