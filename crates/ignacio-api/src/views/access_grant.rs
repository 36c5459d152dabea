//! Access grants.

use ignacio_domain::access::AccessGrant;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// Half an hour in which an admin may read one user's conversations.
#[derive(Serialize, ToSchema)]
#[schema(as = AccessGrant)]
pub(crate) struct AccessGrantView {
    id: Uuid,
    /// The admin who may read.
    admin_id: Uuid,
    /// The user whose conversations may be read.
    user_id: Uuid,
    /// The reason; the user can read it.
    reason: String,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
}

impl From<AccessGrant> for AccessGrantView {
    fn from(grant: AccessGrant) -> Self {
        Self {
            id: grant.id.into_uuid(),
            admin_id: grant.admin.into_uuid(),
            user_id: grant.user.into_uuid(),
            reason: grant.reason,
            created_at: grant.created_at,
            expires_at: grant.expires_at,
        }
    }
}
