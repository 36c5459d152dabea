//! What admins did with the user's data.

use ignacio_domain::access::AccessLogEntry;
use ignacio_domain::audit::AuditAction;
use ignacio_domain::ids::AuditEventId;
use ignacio_domain::page::{Page, PageSize, Position};
use sea_orm::{DatabaseTransaction, FromQueryResult, raw_sql};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::StoreError;
use crate::repos::paging::bounds;

/// The audit events about the scope's user that admins caused.
pub struct AccessLog<'s> {
    txn: &'s DatabaseTransaction,
}

#[derive(FromQueryResult)]
struct EntryRow {
    id: Uuid,
    action: String,
    actor_name: Option<String>,
    target_id: Option<Uuid>,
    reason: Option<String>,
    created_at: OffsetDateTime,
}

impl TryFrom<EntryRow> for AccessLogEntry {
    type Error = StoreError;

    fn try_from(row: EntryRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: AuditEventId::from_uuid(row.id),
            action: AuditAction::parse(&row.action)
                .ok_or(StoreError::corrupt("audit_events", "action"))?,
            actor_name: row.actor_name,
            target: row.target_id,
            reason: row.reason,
            created_at: row.created_at,
        })
    }
}

impl<'s> AccessLog<'s> {
    pub(crate) const fn new(txn: &'s DatabaseTransaction) -> Self {
        Self { txn }
    }

    /// A page of entries, newest first.
    #[tracing::instrument(name = "db.access_log.list", skip_all, err(level = "debug"))]
    pub async fn list(
        &self,
        after: Option<Position>,
        size: PageSize,
    ) -> Result<Page<AccessLogEntry>, StoreError> {
        let (at, last, limit) = bounds(after, size);
        let read = raw_sql!(
            Postgres,
            "select id, action, actor_name, target_id, reason, created_at from audit_events
              where (created_at, id) < ({at}, {last})
              order by created_at desc, id desc limit {limit}"
        );
        let rows = EntryRow::find_by_statement(read).all(self.txn).await?;
        let rows = rows.into_iter().map(AccessLogEntry::try_from).collect::<Result<_, _>>()?;
        Ok(Page::from_lookahead(rows, size, |row: &AccessLogEntry| Position {
            at: row.created_at,
            id: row.id.into_uuid(),
        }))
    }
}
