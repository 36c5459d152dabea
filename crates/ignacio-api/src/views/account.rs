//! Accounts, as the staff see them.

use ignacio_domain::managed_user::ManagedUser;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::person::{LocaleView, RoleView};

/// Somebody's account.
#[derive(Serialize, ToSchema)]
#[schema(as = Account)]
pub(crate) struct AccountView {
    id: Uuid,
    /// In E.164; null where an older system stored something else, so that nobody can log in.
    #[schema(required)]
    phone: Option<String>,
    name: String,
    role: RoleView,
    locale: LocaleView,
    /// Whether the person may log in.
    active: bool,
    /// Since when the number is not on WhatsApp, as far as was seen.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    unreachable_since: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
}

impl From<ManagedUser> for AccountView {
    fn from(account: ManagedUser) -> Self {
        Self {
            id: account.id.into_uuid(),
            phone: account.phone.map(|phone| phone.expose().to_owned()),
            name: account.name,
            role: account.role.into(),
            locale: account.locale.into(),
            active: account.is_active,
            unreachable_since: account.unreachable_since,
            created_at: account.created_at,
            updated_at: account.updated_at,
        }
    }
}
