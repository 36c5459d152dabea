//! A person, as they see themselves.

use ignacio_domain::locale::Locale;
use ignacio_domain::user::{Role, User};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// What a person may do.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Role)]
pub(crate) enum RoleView {
    Participant,
    Admin,
}

impl RoleView {
    /// The role that the flag of an account stands for.
    pub(crate) const fn of_flag(is_admin: bool) -> Self {
        if is_admin { Self::Admin } else { Self::Participant }
    }
}

/// By hand, because `serde_json` takes anything but a word in place of an enum for broken JSON.
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

/// The language in which a person is spoken to.
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

/// A person.
#[derive(Serialize, ToSchema)]
#[schema(as = Person)]
pub(crate) struct PersonView {
    id: Uuid,
    /// In E.164.
    phone: String,
    name: String,
    role: RoleView,
    locale: LocaleView,
    /// Whether the web may be searched for replies, where the deployment allows it.
    web_search: bool,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
}

impl From<User> for PersonView {
    fn from(person: User) -> Self {
        Self {
            id: person.id.into_uuid(),
            phone: person.phone.expose().to_owned(),
            name: person.name,
            role: person.role.into(),
            locale: person.locale.into(),
            web_search: person.web_search,
            created_at: person.created_at,
            updated_at: person.updated_at,
        }
    }
}
