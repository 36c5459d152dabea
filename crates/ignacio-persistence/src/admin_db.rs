//! The staff's way to the database.

use ignacio_domain::session::SessionDigest;
use ignacio_domain::user::Role;
use sea_orm::{DatabaseConnection, DatabaseTransaction, TransactionTrait as _};
use secrecy::SecretString;

use crate::api_db::{self, Caller};
use crate::error::StoreError;
use crate::pool;
use crate::repos::admin::accounts::ManagedUsers;
use crate::repos::admin::audit::Audit;
use crate::repos::admin::logins::LoginAttempts;
use crate::repos::admin::readings::UserContent;
use crate::repos::admin::spending::UsageReport;
use crate::repos::repeats::IdempotencyKeys;

/// The database as the role of the staff's routes: cheap to clone. That role sees nothing but
/// through the live session of an admin.
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
    /// session is somebody else's.
    #[tracing::instrument(name = "db.admin.begin", skip_all)]
    pub async fn begin(&self, session: &SessionDigest) -> Result<AdminScope, StoreError> {
        let txn = self.db.begin().await?;
        let caller = match api_db::enter(&txn, session).await {
            Ok(caller) => caller,
            Err(error) => {
                drop(txn);
                return api_db::judged(&self.db, session, Err(error)).await;
            }
        };
        if caller.role == Role::Admin {
            Ok(AdminScope { txn, caller })
        } else {
            // Kept, because it moved the session's idle limit on, as any other request does.
            txn.commit().await?;
            Err(StoreError::Forbidden)
        }
    }
}

/// A transaction that began with the proof of an admin's session. What it reads of other people is
/// written into the audit in the same transaction: without [`AdminScope::commit`] there is neither.
/// Dropping it rolls back.
pub struct AdminScope {
    txn: DatabaseTransaction,
    caller: Caller,
}

impl AdminScope {
    /// Who is asking.
    pub const fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Everybody's accounts.
    pub const fn accounts(&self) -> ManagedUsers<'_> {
        ManagedUsers::new(&self.txn, self.caller.user)
    }

    /// How it stands with people's codes and logins.
    pub const fn logins(&self) -> LoginAttempts<'_> {
        LoginAttempts::new(&self.txn)
    }

    /// Grants, and what they let one read.
    pub const fn readings(&self) -> UserContent<'_> {
        UserContent::new(&self.txn, self.caller.user)
    }

    /// Who used how much.
    pub const fn spending(&self) -> UsageReport<'_> {
        UsageReport::new(&self.txn)
    }

    /// Answers to requests that may come again.
    pub const fn repeats(&self) -> IdempotencyKeys<'_> {
        IdempotencyKeys::new(&self.txn, self.caller.user)
    }

    /// What was done by whom.
    pub const fn audit(&self) -> Audit<'_> {
        Audit::new(&self.txn)
    }

    /// Keeps what was done, and what was read.
    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.txn.commit().await?)
    }
}
