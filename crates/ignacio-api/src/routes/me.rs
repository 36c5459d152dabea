//! The caller's own account.

mod access_log;
mod usage;

use std::str::FromStr as _;

use actix_web::{HttpRequest, get, patch, web};
use ignacio_domain::locale::Locale;
use ignacio_domain::user::{ProfileChange, UserName};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

pub(crate) use self::access_log::list_access;
pub(crate) use self::usage::show_usage;
use crate::auth::Caller;
use crate::etag::IfMatch;
use crate::extract::{MergePatch, not_null};
use crate::problem::{ApiError, Problem};
use crate::responders::Tagged;
use crate::state::AppState;
use crate::views::person::{LocaleView, PersonView};

/// What to change; what is left out stays.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeMe {
    /// 1 to 120 characters.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, min_length = 1, max_length = 120)]
    name: Option<String>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, value_type = LocaleView)]
    locale: Option<String>,
    /// Whether the web may be searched for replies, where the deployment allows it.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    web_search: Option<bool>,
}

impl ChangeMe {
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

/// Shows the caller's account.
#[utoipa::path(
    operation_id = "show_me",
    tag = "me",
    responses(
        (status = OK, body = PersonView, headers(("ETag" = String))),
        (status = NOT_MODIFIED, description = "What you have is still good"),
    ),
)]
#[get("/me")]
#[tracing::instrument(name = "api.me.show", skip_all)]
pub(crate) async fn show(
    caller: Caller,
    state: web::Data<AppState>,
) -> Result<Tagged<PersonView>, ApiError> {
    let person = state.db.current_user(caller.session()).await?;

    Ok(Tagged(person.into()))
}

/// Changes the caller's name, language, or whether the web is searched.
#[utoipa::path(
    operation_id = "change_me",
    tag = "me",
    params(("If-Match" = Option<String>, Header, description = "Changes only what you have read")),
    request_body(content = ChangeMe, content_type = "application/merge-patch+json"),
    responses(
        (status = OK, body = PersonView, headers(("ETag" = String))),
        (status = PRECONDITION_FAILED, response = Problem),
        (status = UNPROCESSABLE_ENTITY, response = Problem),
    ),
)]
#[patch("/me")]
#[tracing::instrument(name = "api.me.change", skip_all)]
pub(crate) async fn change(
    caller: Caller,
    MergePatch(body): MergePatch<ChangeMe>,
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<Tagged<PersonView>, ApiError> {
    let change = body.parse()?;

    let scope = state.db.begin(caller.session()).await?;
    if let Some(expected) = IfMatch::find(request.headers()) {
        let current = scope.users().find().await?;
        let current = current.ok_or(ApiError::Unauthenticated { presented: true })?;
        expected.check(&PersonView::from(current))?;
    }
    let Some(person) = scope.users().update(&change).await? else {
        return Err(ApiError::Unauthenticated { presented: true });
    };
    scope.commit().await?;

    Ok(Tagged(person.into()))
}
