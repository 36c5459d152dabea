//! The caller, as they see themselves.

mod access_log;
mod usage;

use std::str::FromStr as _;

use actix_web::{HttpRequest, get, patch, web};
use ignacio_domain::locale::Locale;
use ignacio_domain::user::{ProfileChange, UserName};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

pub(crate) use self::access_log::list_own_access;
pub(crate) use self::usage::show_own_usage;
use crate::auth::Caller;
use crate::etag::IfMatch;
use crate::extract::{MergePatch, not_null};
use crate::problem::{ApiError, Problem};
use crate::responders::WithEtag;
use crate::state::AppState;
use crate::views::user::{LocaleView, UserView};

/// The fields to change; others stay as they are.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateMe {
    /// 1 to 120 characters.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, min_length = 1, max_length = 120)]
    name: Option<String>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, value_type = LocaleView)]
    locale: Option<String>,
    /// Whether replies may search the web, if the deployment allows it.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    web_search: Option<bool>,
}

impl UpdateMe {
    fn parse(&self) -> Result<ProfileChange, ApiError> {
        let name = self.name.as_deref().map(UserName::parse).transpose();
        let locale = self.locale.as_deref().map(Locale::from_str).transpose();
        Ok(ProfileChange {
            name: name.map_err(|error| ApiError::invalid("/name", error.into()))?,
            locale: locale.map_err(|error| ApiError::invalid("/locale", error.into()))?,
            web_search: self.web_search,
        })
    }
}

/// Shows the caller.
#[utoipa::path(
    tag = "me",
    responses(
        (status = OK, body = UserView, headers(("ETag" = String))),
        (status = NOT_MODIFIED, description = "The copy that you have is current"),
    ),
)]
#[get("/me")]
#[tracing::instrument(skip_all)]
pub(crate) async fn show_me(
    caller: Caller,
    state: web::Data<AppState>,
) -> Result<WithEtag<UserView>, ApiError> {
    let user = state.db.authenticated_user(caller.session()).await?;

    Ok(WithEtag(user.into()))
}

/// Changes the caller's name, language, or permission to search the web.
#[utoipa::path(
    tag = "me",
    params(("If-Match" = Option<String>, Header, description = "Changes only the version that you read")),
    request_body(content = UpdateMe, content_type = "application/merge-patch+json"),
    responses(
        (status = OK, body = UserView, headers(("ETag" = String))),
        (status = PRECONDITION_FAILED, response = Problem),
        (status = UNPROCESSABLE_ENTITY, response = Problem),
    ),
)]
#[patch("/me")]
#[tracing::instrument(skip_all)]
pub(crate) async fn update_me(
    caller: Caller,
    MergePatch(body): MergePatch<UpdateMe>,
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<WithEtag<UserView>, ApiError> {
    let change = body.parse()?;

    let scope = state.db.begin(caller.session()).await?;
    if let Some(expected) = IfMatch::find(&request) {
        let current = scope.users().find().await?;
        let current = current.ok_or(ApiError::Unauthenticated { presented: true })?;
        expected.check(&UserView::from(current))?;
    }
    let Some(user) = scope.users().update(&change).await? else {
        return Err(ApiError::Unauthenticated { presented: true });
    };
    scope.commit().await?;

    Ok(WithEtag(user.into()))
}
