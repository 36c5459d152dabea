//! Updates another user.

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

use super::map_store_error;
use crate::auth::Caller;
use crate::etag::IfMatch;
use crate::extract::{MergePatch, PathId, not_null};
use crate::problem::{ApiError, Problem, ResourceKind};
use crate::responders::WithEtag;
use crate::state::AppState;
use crate::views::managed_user::ManagedUserView;
use crate::views::user::{LocaleView, RoleView};

/// The fields to change; others stay as they are.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateUser {
    /// With the country code. A new number ends all sessions of the user, voids their codes and
    /// forgets their known devices; both numbers are notified. Requires a step-up.
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
    /// A new role ends all sessions of the user. `admin` requires a step-up.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    role: Option<RoleView>,
    /// False ends all sessions of the user, who cannot log in again.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    active: Option<bool>,
}

impl UpdateUser {
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

/// Changes another user's number, name, language or role, and deactivates or reactivates them.
///
/// A new number and the role `admin` require a step-up (`step-up-required`).
#[utoipa::path(
    tag = "admin",
    params(
        ("id" = Uuid, Path, description = "The user"),
        ("If-Match" = String, Header, description = "The ETag of the version that you read"),
    ),
    request_body(content = UpdateUser, content_type = "application/merge-patch+json"),
    responses(
        (status = OK, body = ManagedUserView, headers(("ETag" = String))),
        (status = FORBIDDEN, response = Problem),
        (status = NOT_FOUND, response = Problem),
        (status = CONFLICT, response = Problem),
        (status = PRECONDITION_FAILED, response = Problem),
        (status = UNPROCESSABLE_ENTITY, response = Problem),
        (status = PRECONDITION_REQUIRED, response = Problem),
    ),
)]
#[patch("/users/{id}")]
#[tracing::instrument(skip_all, fields(user.id = %*id))]
pub(crate) async fn update_user(
    caller: Caller,
    id: PathId<UserId>,
    MergePatch(body): MergePatch<UpdateUser>,
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<WithEtag<ManagedUserView>, ApiError> {
    let change = body.parse()?;
    let expected = IfMatch::required(&request)?;

    let scope = state.admin_db.begin(caller.session()).await?;
    let current = scope.users().lock(*id).await?.ok_or(ApiError::NotFound(ResourceKind::User))?;
    expected.check(&ManagedUserView::from(current))?;
    let updated = scope.users().update(*id, &change).await.map_err(map_store_error)?;
    let user = updated.ok_or(ApiError::NotFound(ResourceKind::User))?;
    scope.commit().await?;

    Ok(WithEtag(user.into()))
}
