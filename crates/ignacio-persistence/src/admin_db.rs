//! The database of the admin routes.

use ignacio_domain::session::SessionDigest;
use ignacio_domain::user::Role;
use sea_orm::{DatabaseConnection, DatabaseTransaction};
use secrecy::SecretString;

use crate::error::StoreError;
use crate::identity::{self, Identity};
use crate::pool;
use crate::repos::admin::audit_log::AuditLog;
use crate::repos::admin::login_attempts::LoginAttempts;
use crate::repos::admin::managed_users::ManagedUsers;
use crate::repos::admin::usage_report::UsageReport;
use crate::repos::admin::user_content::UserContent;
use crate::repos::idempotency_keys::IdempotencyKeys;

/// The database as the role of the admin routes. Cheap to clone. That role sees rows only through
/// the live session of an admin.
#[derive(Clone)]
pub struct AdminDb {
    db: DatabaseConnection,
}

impl AdminDb {
    /// Prepares the pool of `ignacio_admin`; nothing connects before it is needed.
    pub async fn connect(url: &SecretString, pool: u32) -> Result<Self, StoreError> {
        Ok(Self { db: pool::open(url, pool).await? })
    }

    /// Begins a transaction as the admin whose session this is; [`StoreError::Forbidden`] when the
    /// session belongs to a participant.
    #[tracing::instrument(name = "db.admin.begin", skip_all)]
    pub async fn begin(&self, session: &SessionDigest) -> Result<AdminScope, StoreError> {
        let (txn, identity) = identity::begin(&self.db, session).await?;
        if identity.role == Role::Admin {
            Ok(AdminScope { txn, identity })
        } else {
            // Committed, because it extended the session's idle limit, as any other request does.
            txn.commit().await?;
            Err(StoreError::Forbidden)
        }
    }
}

/// A transaction that began by verifying an admin's session. Reads of other users' data are
/// recorded in the audit log in the same transaction. Dropping it rolls back.
pub struct AdminScope {
    txn: DatabaseTransaction,
    identity: Identity,
}

impl AdminScope {
    /// Who made the request.
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// All users.
    pub const fn users(&self) -> ManagedUsers<'_> {
        ManagedUsers::new(&self.txn, self.identity.user)
    }

    /// Codes that were sent, and failed logins.
    pub const fn login_attempts(&self) -> LoginAttempts<'_> {
        LoginAttempts::new(&self.txn)
    }

    /// Grants, and the content that they open.
    pub const fn user_content(&self) -> UserContent<'_> {
        UserContent::new(&self.txn, self.identity.user)
    }

    /// Usage of all users.
    pub const fn usage(&self) -> UsageReport<'_> {
        UsageReport::new(&self.txn)
    }

    /// Idempotency keys of the admin.
    pub const fn idempotency_keys(&self) -> IdempotencyKeys<'_> {
        IdempotencyKeys::new(&self.txn, self.identity.user)
    }

    /// The audit log.
    pub const fn audit_log(&self) -> AuditLog<'_> {
        AuditLog::new(&self.txn)
    }

    /// Commits the changes, and the audit records of what was read.
    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.txn.commit().await?)
    }
}
