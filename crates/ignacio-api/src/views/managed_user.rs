//! Users, as admins see them.

use ignacio_domain::managed_user::ManagedUser;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::user::{LocaleView, RoleView};

/// A user as an admin sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = ManagedUser)]
pub(crate) struct ManagedUserView {
    id: Uuid,
    /// In E.164; null if an older system stored something else, so that the user cannot log in.
    #[schema(required)]
    phone: Option<String>,
    name: String,
    role: RoleView,
    locale: LocaleView,
    /// Whether the user may log in.
    active: bool,
    /// Since when the number has not been reachable on WhatsApp.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    unreachable_since: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
}

impl From<ManagedUser> for ManagedUserView {
    fn from(user: ManagedUser) -> Self {
        Self {
            id: user.id.into_uuid(),
            phone: user.phone.map(|phone| phone.expose().to_owned()),
            name: user.name,
            role: user.role.into(),
            locale: user.locale.into(),
            active: user.is_active,
            unreachable_since: user.unreachable_since,
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}
