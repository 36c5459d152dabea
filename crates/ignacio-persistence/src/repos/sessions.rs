//! The devices of the person who asks.

use ignacio_domain::ids::SessionId;
use ignacio_domain::session::Session;
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, FromQueryResult, raw_sql};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::api_db::Caller;
use crate::error::StoreError;

/// Live sessions of the scope's person.
pub struct Sessions<'s> {
    txn: &'s DatabaseTransaction,
    caller: &'s Caller,
}

/// What anybody may read of a session: never the digest.
#[derive(FromQueryResult)]
pub(crate) struct SessionRow {
    id: Uuid,
    device_name: Option<String>,
    created_at: OffsetDateTime,
    last_used_at: OffsetDateTime,
    expires_at: OffsetDateTime,
}

impl SessionRow {
    pub(crate) fn into_session(self, current: SessionId) -> Session {
        let id = SessionId::from_uuid(self.id);
        Session {
            id,
            device_name: self.device_name,
            created_at: self.created_at,
            last_used_at: self.last_used_at,
            expires_at: self.expires_at,
            is_current: id == current,
        }
    }
}

impl<'s> Sessions<'s> {
    pub(crate) const fn new(txn: &'s DatabaseTransaction, caller: &'s Caller) -> Self {
        Self { txn, caller }
    }

    /// The live ones, newest first.
    #[tracing::instrument(name = "db.sessions.list", skip_all, err(level = "debug"))]
    pub async fn list(&self) -> Result<Vec<Session>, StoreError> {
        let user = self.caller.user.into_uuid();
        let read = raw_sql!(
            Postgres,
            "select id, device_name, created_at, last_used_at, expires_at from user_sessions
              where user_id = {user} and revoked_at is null
                and expires_at > now() and idle_expires_at > now()
              order by created_at desc, id desc"
        );
        let rows = SessionRow::find_by_statement(read).all(self.txn).await?;
        Ok(rows.into_iter().map(|row| row.into_session(self.caller.session)).collect())
    }

    /// Ends one; false when the person has no such live session.
    #[tracing::instrument(name = "db.sessions.end", skip_all, err(level = "debug"))]
    pub async fn end(&self, id: SessionId) -> Result<bool, StoreError> {
        let (user, id) = (self.caller.user.into_uuid(), id.into_uuid());
        let write = raw_sql!(
            Postgres,
            "update user_sessions set revoked_at = now()
              where user_id = {user} and id = {id} and revoked_at is null
                and expires_at > now() and idle_expires_at > now()"
        );
        Ok(self.txn.execute_raw(write).await?.rows_affected() > 0)
    }

    /// Ends all but the one that asks; gives their number.
    #[tracing::instrument(name = "db.sessions.end_others", skip_all, err(level = "debug"))]
    pub async fn end_others(&self) -> Result<u64, StoreError> {
        let (user, current) = (self.caller.user.into_uuid(), self.caller.session.into_uuid());
        let write = raw_sql!(
            Postgres,
            "update user_sessions set revoked_at = now()
              where user_id = {user} and id <> {current} and revoked_at is null"
        );
        Ok(self.txn.execute_raw(write).await?.rows_affected())
    }
}
