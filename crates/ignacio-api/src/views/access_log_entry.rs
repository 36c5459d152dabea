//! Entries of the access log, as each user sees them.

use ignacio_domain::access::AccessLogEntry;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::audit_event::ActionView;

/// Something that an admin did with the reader's data.
#[derive(Serialize, ToSchema)]
#[schema(as = AccessLogEntry)]
pub(crate) struct AccessLogEntryView {
    id: Uuid,
    action: ActionView,
    /// Who did it, with the name at that time.
    #[schema(required)]
    actor_name: Option<String>,
    /// The conversation, session, file or grant, if it concerned one.
    #[schema(required)]
    target_id: Option<Uuid>,
    /// The reason, if one was required.
    #[schema(required)]
    reason: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

impl From<AccessLogEntry> for AccessLogEntryView {
    fn from(entry: AccessLogEntry) -> Self {
        Self {
            id: entry.id.into_uuid(),
            action: ActionView(entry.action),
            actor_name: entry.actor_name,
            target_id: entry.target,
            reason: entry.reason,
            created_at: entry.created_at,
        }
    }
}
