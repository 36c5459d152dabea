//! A transaction as one user.

use sea_orm::DatabaseTransaction;

use crate::error::StoreError;
use crate::identity::Identity;
use crate::repos::access_log::AccessLog;
use crate::repos::conversations::Conversations;
use crate::repos::feedback::Feedbacks;
use crate::repos::files::Files;
use crate::repos::idempotency_keys::IdempotencyKeys;
use crate::repos::messages::Messages;
use crate::repos::responses::Responses;
use crate::repos::sessions::Sessions;
use crate::repos::usage::UsageRecords;
use crate::repos::users::Users;

/// A transaction that began by verifying a session. Row level security shows it that user's
/// rows and no others. Dropping it rolls back.
///
/// Never hold one over a call to the outside.
pub struct UserScope {
    txn: DatabaseTransaction,
    identity: Identity,
}

impl UserScope {
    pub(crate) const fn new(txn: DatabaseTransaction, identity: Identity) -> Self {
        Self { txn, identity }
    }

    /// Who is asking.
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The user.
    pub const fn users(&self) -> Users<'_> {
        Users::new(&self.txn)
    }

    /// What admins did with the user's data.
    pub const fn access_log(&self) -> AccessLog<'_> {
        AccessLog::new(&self.txn)
    }

    /// The user's devices.
    pub const fn sessions(&self) -> Sessions<'_> {
        Sessions::new(&self.txn, &self.identity)
    }

    /// The user's conversations.
    pub const fn conversations(&self) -> Conversations<'_> {
        Conversations::new(&self.txn, self.identity.user)
    }

    /// The messages in them.
    pub const fn messages(&self) -> Messages<'_> {
        Messages::new(&self.txn, self.identity.user)
    }

    /// What the user thinks of replies.
    pub const fn feedback(&self) -> Feedbacks<'_> {
        Feedbacks::new(&self.txn, self.identity.user)
    }

    /// The replies to them.
    pub const fn responses(&self) -> Responses<'_> {
        Responses::new(&self.txn, self.identity.user)
    }

    /// What the user has used, and may use.
    pub const fn usage(&self) -> UsageRecords<'_> {
        UsageRecords::new(&self.txn, self.identity.user)
    }

    /// Idempotency keys of the user.
    pub const fn idempotency_keys(&self) -> IdempotencyKeys<'_> {
        IdempotencyKeys::new(&self.txn, self.identity.user)
    }

    /// The user's files.
    pub const fn files(&self) -> Files<'_> {
        Files::new(&self.txn, self.identity.user)
    }

    /// Keeps what was done.
    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.txn.commit().await?)
    }
}
