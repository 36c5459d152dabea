//! Repositories for admins, with the role of the admin routes.

pub(crate) mod audit_log;
pub(crate) mod login_attempts;
pub(crate) mod managed_users;
pub(crate) mod usage_report;
pub(crate) mod user_content;

use sea_orm::{ConnectionTrait as _, DatabaseTransaction, raw_sql};
use uuid::Uuid;

use crate::error::StoreError;

/// Records in the audit log that the admin read `n_rows` rows that need no grant.
async fn audit_read(
    txn: &DatabaseTransaction,
    action: ignacio_domain::audit::AuditAction,
    subject: Option<Uuid>,
    n_rows: usize,
) -> Result<(), StoreError> {
    let action = action.as_str().to_owned();
    let n_rows = i64::try_from(n_rows).unwrap_or(i64::MAX);
    let note = raw_sql!(Postgres, "select app.audit_read({action}, {subject}, {n_rows})");
    txn.execute_raw(note).await?;
    Ok(())
}
