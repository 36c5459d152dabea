//! Creates users; nobody can sign up.

use std::str::FromStr as _;

use actix_web::{HttpRequest, post, web};
use ignacio_domain::locale::Locale;
use ignacio_domain::phone::PhoneNumber;
use ignacio_domain::user::{Role, UserName};
use ignacio_persistence::{AdminScope, NewUser};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::map_store_error;
use crate::auth::Caller;
use crate::extract::{ValidJson, not_null};
use crate::flows::idempotency::{Creation, IdempotencyKey, IdempotentResponse};
use crate::problem::{ApiError, Problem};
use crate::responders::Created;
use crate::state::AppState;
use crate::views::managed_user::ManagedUserView;
use crate::views::user::{LocaleView, RoleView};

/// A user to create.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateUser {
    /// With the country code; spaces and dashes are ignored.
    #[schema(example = "+57 300 123 4567")]
    phone: String,
    /// 1 to 120 characters.
    #[schema(min_length = 1, max_length = 120)]
    name: String,
    /// `participant` by default.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    role: Option<RoleView>,
    /// `es` by default.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, value_type = LocaleView)]
    locale: Option<String>,
}

impl CreateUser {
    fn parse(&self) -> Result<NewUser, ApiError> {
        let phone = PhoneNumber::parse(&self.phone);
        let name = UserName::parse(&self.name);
        let locale = self.locale.as_deref().map(Locale::from_str).transpose();
        Ok(NewUser {
            phone: phone.map_err(|error| ApiError::invalid("/phone", error.into()))?,
            name: name.map_err(|error| ApiError::invalid("/name", error.into()))?,
            role: self.role.map_or(Role::Participant, Into::into),
            locale: locale
                .map_err(|error| ApiError::invalid("/locale", error.into()))?
                .unwrap_or_default(),
        })
    }
}

/// Creates a user, who can log in with the number from then on.
///
/// Creating an admin requires a step-up (`step-up-required`).
#[utoipa::path(
    tag = "admin",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat"),
    ),
    request_body = CreateUser,
    responses(
        (status = CREATED, body = ManagedUserView, headers(
            ("Location" = String, description = "The user"),
        )),
        (status = FORBIDDEN, response = Problem),
        (status = CONFLICT, response = Problem),
        (status = UNPROCESSABLE_ENTITY, response = Problem),
    ),
)]
#[post("/users")]
#[tracing::instrument(skip_all)]
pub(crate) async fn create_user(
    caller: Caller,
    ValidJson(body): ValidJson<CreateUser>,
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<IdempotentResponse, ApiError> {
    let key = IdempotencyKey::of(&request)?;
    let new = body.parse()?;

    let scope = state.admin_db.begin(caller.session()).await?;
    let work = async |scope: AdminScope| {
        let user = scope.users().insert(&new).await.map_err(map_store_error)?;
        let location = format!("/v1/admin/users/{}", user.id);
        let created = Created { location, view: ManagedUserView::from(user) };
        Ok(Creation { scope, created, conversation: None })
    };
    key.run(scope, work).await
}
