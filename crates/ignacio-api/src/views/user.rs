//! The user, as they see themselves.

use ignacio_domain::locale::Locale;
use ignacio_domain::user::{Role, User};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// The role of a user.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Role)]
pub(crate) enum RoleView {
    Participant,
    Admin,
}

impl RoleView {
    /// The role that the column `is_admin` stands for.
    pub(crate) const fn of_flag(is_admin: bool) -> Self {
        if is_admin { Self::Admin } else { Self::Participant }
    }
}

/// Written by hand, because `serde_json` reports a non-string in place of an enum as broken JSON.
impl<'de> Deserialize<'de> for RoleView {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match String::deserialize(from)?.as_str() {
            "participant" => Ok(Self::Participant),
            "admin" => Ok(Self::Admin),
            _ => Err(D::Error::custom("no such role")),
        }
    }
}

impl From<Role> for RoleView {
    fn from(role: Role) -> Self {
        Self::of_flag(matches!(role, Role::Admin))
    }
}

impl From<RoleView> for Role {
    fn from(role: RoleView) -> Self {
        match role {
            RoleView::Participant => Self::Participant,
            RoleView::Admin => Self::Admin,
        }
    }
}

/// The language of a user.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Locale)]
pub(crate) enum LocaleView {
    Es,
    En,
}

impl From<Locale> for LocaleView {
    fn from(locale: Locale) -> Self {
        match locale {
            Locale::Es => Self::Es,
            Locale::En => Self::En,
        }
    }
}

/// The caller.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserView {
    id: Uuid,
    /// In E.164.
    phone: String,
    name: String,
    role: RoleView,
    locale: LocaleView,
    /// Whether replies may search the web, if the deployment allows it.
    web_search: bool,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id.into_uuid(),
            phone: user.phone.expose().to_owned(),
            name: user.name,
            role: user.role.into(),
            locale: user.locale.into(),
            web_search: user.web_search,
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}
