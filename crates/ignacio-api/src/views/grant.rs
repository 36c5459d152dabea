//! Grants to read somebody's conversations.

use ignacio_domain::access::AccessGrant;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// Half an hour in which one of the staff may read one person's conversations.
#[derive(Serialize, ToSchema)]
#[schema(as = AccessGrant)]
pub(crate) struct GrantView {
    id: Uuid,
    /// Who may read.
    admin_id: Uuid,
    /// Whose conversations.
    user_id: Uuid,
    /// Why; the person reads it too.
    reason: String,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
}

impl From<AccessGrant> for GrantView {
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
