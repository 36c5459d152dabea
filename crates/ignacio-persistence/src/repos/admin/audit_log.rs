//! The audit log, for admins.

use ignacio_domain::audit::{ActorRole, AuditAction, AuditDetail, AuditEvent, AuditFilter};
use ignacio_domain::ids::{AuditEventId, UserId};
use ignacio_domain::page::{Page, PageSize, Position};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryTrait as _,
};

use super::audit_read;
use crate::entities::audit_events;
use crate::error::StoreError;
use crate::repos::paging::newest_first;

/// Who did what; it can only be read.
pub struct AuditLog<'s> {
    txn: &'s DatabaseTransaction,
}

impl TryFrom<audit_events::Model> for AuditEvent {
    type Error = StoreError;

    fn try_from(row: audit_events::Model) -> Result<Self, StoreError> {
        let corrupt = |column| StoreError::corrupt("audit_events", column);
        // One malformed detail must not hide the page it is on.
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

    /// A page of events, newest first. The read itself becomes an event.
    #[tracing::instrument(name = "db.admin.audit_log.list", skip_all, err(level = "debug"))]
    pub async fn list(
        &self,
        filter: &AuditFilter,
        after: Option<Position>,
        size: PageSize,
    ) -> Result<Page<AuditEvent>, StoreError> {
        use audit_events::Column;
        let subject = filter.subject.map(UserId::into_uuid);
        let query = audit_events::Entity::find()
            .apply_if(filter.actor, |query, it| query.filter(Column::ActorId.eq(it.into_uuid())))
            .apply_if(subject, |query, it| query.filter(Column::SubjectId.eq(it)))
            .apply_if(filter.action, |query, it| query.filter(Column::Action.eq(it.as_str())))
            .apply_if(filter.from, |query, it| query.filter(Column::CreatedAt.gte(it)))
            .apply_if(filter.to, |query, it| query.filter(Column::CreatedAt.lt(it)));
        let order = [Column::CreatedAt, Column::Id];
        let rows = newest_first(self.txn, query, order, after, size).await?;
        let rows = rows.into_iter().map(AuditEvent::try_from).collect::<Result<_, _>>()?;
        let page = Page::from_lookahead(rows, size, |row: &AuditEvent| Position {
            at: row.created_at,
            id: row.id.into_uuid(),
        });
        audit_read(self.txn, AuditAction::AuditListed, subject, page.rows.len()).await?;
        Ok(page)
    }
}
