//! A person, as they see themselves.

use ignacio_domain::person::{Locale, Person, Role};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// What a person may do.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Role)]
pub(crate) enum RoleView {
    Participant,
    Admin,
}

/// The language in which a person is spoken to.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
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
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Person)]
pub(crate) struct PersonView {
    id: Uuid,
    /// In E.164.
    phone: String,
    name: String,
    role: RoleView,
    locale: LocaleView,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
}

impl From<Person> for PersonView {
    fn from(person: Person) -> Self {
        Self {
            id: person.id.into_uuid(),
            phone: person.phone.expose().to_owned(),
            name: person.name,
            role: match person.role {
                Role::Participant => RoleView::Participant,
                Role::Admin => RoleView::Admin,
            },
            locale: person.locale.into(),
            created_at: person.created_at,
            updated_at: person.updated_at,
        }
    }
}
