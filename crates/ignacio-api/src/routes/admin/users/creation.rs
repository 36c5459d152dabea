//! Making accounts: the only way into the service.

use std::str::FromStr as _;

use actix_web::{post, web};
use ignacio_domain::person::{Locale, PersonName, Role};
use ignacio_domain::phone::PhoneNumber;
use ignacio_persistence::NewPerson;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::refusal;
use crate::answer::Created;
use crate::auth::Caller;
use crate::extract::{Body, not_null};
use crate::problem::{ApiError, Problem};
use crate::state::AppState;
use crate::views::account::AccountView;
use crate::views::person::{LocaleView, RoleView};

/// Whom to let in.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateUser {
    /// With the country code; spaces and dashes are forgiven.
    #[schema(example = "+57 300 123 4567")]
    phone: String,
    /// 1 to 120 characters.
    #[schema(min_length = 1, max_length = 120)]
    name: String,
    /// A participant unless said otherwise.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    role: Option<RoleView>,
    /// Spanish unless said otherwise.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, value_type = LocaleView)]
    locale: Option<String>,
}

impl CreateUser {
    fn parse(&self) -> Result<NewPerson, ApiError> {
        let phone = PhoneNumber::parse(&self.phone);
        let name = PersonName::parse(&self.name);
        let locale = self.locale.as_deref().map(Locale::from_str).transpose();
        Ok(NewPerson {
            phone: phone.map_err(|error| ApiError::invalid("/phone", error.into()))?,
            name: name.map_err(|error| ApiError::invalid("/name", error.into()))?,
            role: self.role.map_or(Role::Participant, Into::into),
            locale: locale
                .map_err(|error| ApiError::invalid("/locale", error.into()))?
                .unwrap_or_default(),
        })
    }
}

/// Makes an account. The person can log in with the number from then on.
///
/// An admin's needs a fresh code (`step-up-required`).
#[utoipa::path(
    operation_id = "create_user",
    tag = "admin",
    request_body = CreateUser,
    responses(
        (status = CREATED, body = AccountView, headers(
            ("Location" = String, description = "The account"),
        )),
        (status = FORBIDDEN, response = Problem),
        (status = CONFLICT, response = Problem),
        (status = UNPROCESSABLE_ENTITY, response = Problem),
    ),
)]
#[post("/users")]
#[tracing::instrument(name = "api.admin.users.create", skip_all)]
pub(crate) async fn create(
    caller: Caller,
    Body(body): Body<CreateUser>,
    state: web::Data<AppState>,
) -> Result<Created<AccountView>, ApiError> {
    let new = body.parse()?;

    let scope = state.admin_db.begin(caller.session()).await?;
    let account = scope.accounts().add(&new).await.map_err(refusal)?;
    scope.commit().await?;

    let location = format!("/v1/admin/users/{}", account.id);
    Ok(Created { location, view: account.into() })
}
