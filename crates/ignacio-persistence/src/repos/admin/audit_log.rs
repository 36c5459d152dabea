//! The audit, for the staff.

use ignacio_domain::audit::{ActorRole, AuditAction, AuditDetail, AuditEvent, AuditFilter};
use ignacio_domain::ids::{AuditEventId, UserId};
use ignacio_domain::page::{Page, PageSize, Position};
use sea_orm::{DatabaseTransaction, FromQueryResult, raw_sql};
use time::OffsetDateTime;
use uuid::Uuid;

use super::audit_read;
use crate::error::StoreError;
use crate::repos::paging::FIRST_PAGE;

/// What was done by whom; it can only be read.
pub struct AuditLog<'s> {
    txn: &'s DatabaseTransaction,
}

#[derive(FromQueryResult)]
struct EventRow {
    id: Uuid,
    seq: i64,
    actor_id: Option<Uuid>,
    actor_name: Option<String>,
    actor_role: String,
    action: String,
    subject_id: Option<Uuid>,
    target_id: Option<Uuid>,
    reason: Option<String>,
    detail: serde_json::Value,
    hash: Vec<u8>,
    created_at: OffsetDateTime,
}

impl TryFrom<EventRow> for AuditEvent {
    type Error = StoreError;

    fn try_from(row: EventRow) -> Result<Self, StoreError> {
        let corrupt = |column| StoreError::corrupt("audit_events", column);
        // One odd detail must not hide the page that it stands on.
        let detail: AuditDetail = serde_json::from_value(row.detail).unwrap_or_default();
        Ok(Self {
            id: AuditEventId::from_uuid(row.id),
            seq: row.seq,
            actor: row.actor_id.map(UserId::from_uuid),
            actor_name: row.actor_name,
            actor_role: ActorRole::parse(&row.actor_role).ok_or_else(|| corrupt("actor_role"))?,
            action: AuditAction::parse(&row.action).ok_or_else(|| corrupt("action"))?,
            subject: row.subject_id.map(UserId::from_uuid),
            target: row.target_id,
            reason: row.reason,
            detail,
            hash: row.hash,
            created_at: row.created_at,
        })
    }
}

impl<'s> AuditLog<'s> {
    pub(crate) const fn new(txn: &'s DatabaseTransaction) -> Self {
        Self { txn }
    }

    /// A page of events, newest first. The look itself becomes an event.
    #[tracing::instrument(name = "db.admin.audit.list", skip_all, err(level = "debug"))]
    pub async fn list(
        &self,
        filter: &AuditFilter,
        after: Option<Position>,
        size: PageSize,
    ) -> Result<Page<AuditEvent>, StoreError> {
        let actor = filter.actor.map(UserId::into_uuid);
        let subject = filter.subject.map(UserId::into_uuid);
        let action = filter.action.map(|it| it.as_str().to_owned());
        let (from, to) = (filter.from, filter.to);
        let start = after.unwrap_or(FIRST_PAGE);
        let (at, last) = (start.at, start.id);
        let limit = i32::from(size.rows()) + 1;
        let read = raw_sql!(
            Postgres,
            "select * from audit_events
              where (created_at, id) < ({at}, {last})
                and ({actor}::uuid is null or actor_id = {actor})
                and ({subject}::uuid is null or subject_id = {subject})
                and ({action}::text is null or action = {action})
                and ({from}::timestamptz is null or created_at >= {from})
                and ({to}::timestamptz is null or created_at < {to})
              order by created_at desc, id desc limit {limit}"
        );
        let rows = EventRow::find_by_statement(read).all(self.txn).await?;
        let rows = rows.into_iter().map(AuditEvent::try_from).collect::<Result<_, _>>()?;
        let page = Page::from_lookahead(rows, size, |row: &AuditEvent| Position {
            at: row.created_at,
            id: row.id.into_uuid(),
        });
        audit_read(self.txn, AuditAction::AuditListed, subject, page.rows.len()).await?;
        Ok(page)
    }
}
