//! A transaction with the identity of one user.

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

/// A transaction that began by verifying a session. Row level security shows it only that user's
/// rows. Dropping it rolls back.
///
/// Never hold one across an outside call.
pub struct UserScope {
    txn: DatabaseTransaction,
    identity: Identity,
}

impl UserScope {
    pub(crate) const fn new(txn: DatabaseTransaction, identity: Identity) -> Self {
        Self { txn, identity }
    }

    /// Who made the request.
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

    /// The user's messages.
    pub const fn messages(&self) -> Messages<'_> {
        Messages::new(&self.txn, self.identity.user)
    }

    /// The user's feedback on replies.
    pub const fn feedback(&self) -> Feedbacks<'_> {
        Feedbacks::new(&self.txn, self.identity.user)
    }

    /// The user's responses.
    pub const fn responses(&self) -> Responses<'_> {
        Responses::new(&self.txn, self.identity.user)
    }

    /// The user's usage and quotas.
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

    /// Commits the transaction.
    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.txn.commit().await?)
    }
}
