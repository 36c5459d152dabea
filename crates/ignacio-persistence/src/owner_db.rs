//! The database as the migrating role, for operators' tools.

use ignacio_domain::ids::UserId;
use sea_orm::DatabaseConnection;
use secrecy::SecretString;

use crate::error::StoreError;
use crate::pool;
use crate::repos::audit_chain::{self, AuditHead, AuditReport};
use crate::repos::new_users::{self, CreateOutcome, NewUser};

/// The migrating role's database. Each method becomes a role that may add users, or read the audit
/// log, and nothing else.
pub struct OwnerDb {
    db: DatabaseConnection,
}

impl OwnerDb {
    /// Connects with the migrating role's URL.
    pub async fn connect(url: &SecretString) -> Result<Self, StoreError> {
        Ok(Self { db: pool::open_for_tool(url).await? })
    }

    /// Adds a user unless the number is taken.
    #[tracing::instrument(name = "db.owner.add_user", skip_all, err(level = "debug"))]
    pub async fn add_user(&self, new: &NewUser) -> Result<CreateOutcome, StoreError> {
        new_users::add(&self.db, new).await
    }

    /// Whether this user is an admin who may log in.
    #[tracing::instrument(name = "db.owner.is_active_admin", skip_all, err(level = "debug"))]
    pub async fn is_active_admin(&self, id: UserId) -> Result<bool, StoreError> {
        new_users::is_active_admin(&self.db, id).await
    }

    /// Checks the whole chain of the audit log in one snapshot. `noted` is a head that was recorded
    /// earlier; `progress` receives the number of events checked so far.
    #[tracing::instrument(name = "db.owner.verify_audit", skip_all, err(level = "debug"))]
    pub async fn verify_audit(
        &self,
        noted: Option<&AuditHead>,
        progress: impl FnMut(i64),
    ) -> Result<AuditReport, StoreError> {
        audit_chain::verify(&self.db, noted, progress).await
    }
}
