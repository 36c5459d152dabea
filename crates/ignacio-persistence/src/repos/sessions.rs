//! The user's sessions.

use ignacio_domain::ids::SessionId;
use ignacio_domain::session::{RENEW_AFTER, STEP_UP_WINDOW, Session, SessionDigest};
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, FromQueryResult, raw_sql};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::StoreError;
use crate::identity::Identity;

/// Live sessions of the scope's user.
pub struct Sessions<'s> {
    txn: &'s DatabaseTransaction,
    identity: &'s Identity,
}

/// The readable columns of a session: never the digest.
#[derive(FromQueryResult)]
pub(crate) struct SessionRow {
    id: Uuid,
    device_name: Option<String>,
    created_at: OffsetDateTime,
    last_used_at: OffsetDateTime,
    expires_at: OffsetDateTime,
    renewed_at: Option<OffsetDateTime>,
    verified_at: OffsetDateTime,
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
            renew_after: self.renewed_at.unwrap_or(self.created_at) + RENEW_AFTER,
            verified_until: self.verified_at + STEP_UP_WINDOW,
            is_current: id == current,
        }
    }
}

impl<'s> Sessions<'s> {
    pub(crate) const fn new(txn: &'s DatabaseTransaction, identity: &'s Identity) -> Self {
        Self { txn, identity }
    }

    /// Those that are live, newest first.
    #[tracing::instrument(name = "db.sessions.list", skip_all, err(level = "debug"))]
    pub async fn list(&self) -> Result<Vec<Session>, StoreError> {
        let user = self.identity.user.into_uuid();
        let read = raw_sql!(
            Postgres,
            "select id, device_name, created_at, last_used_at, expires_at, renewed_at, verified_at
               from user_sessions
              where user_id = {user} and revoked_at is null
                and expires_at > now() and idle_expires_at > now()
              order by created_at desc, id desc"
        );
        let rows = SessionRow::find_by_statement(read).all(self.txn).await?;
        Ok(rows.into_iter().map(|row| row.into_session(self.identity.session)).collect())
    }

    /// A live one.
    #[tracing::instrument(name = "db.sessions.find", skip_all, err(level = "debug"))]
    pub async fn find(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        Ok(self.list().await?.into_iter().find(|it| it.id == id))
    }

    /// Replaces the token of the current session; returns the digest of the token that is valid
    /// from now on.
    #[tracing::instrument(name = "db.sessions.renew", skip_all, err(level = "debug"))]
    pub(crate) async fn renew(
        &self,
        presented: &SessionDigest,
        next: &SessionDigest,
    ) -> Result<SessionDigest, StoreError> {
        let (old, new) = (presented.as_bytes().to_vec(), next.as_bytes().to_vec());
        let write = raw_sql!(Postgres, "select token_hash from app.renew_session({old}, {new})");
        let row = self.txn.query_one_raw(write).await?.ok_or(StoreError::Unauthenticated)?;
        let digest: Vec<u8> = row.try_get("", "token_hash")?;
        SessionDigest::from_slice(&digest).ok_or(StoreError::corrupt("user_sessions", "token_hash"))
    }

    /// Ends one; false when the user has no such live session. Unless it is the current one, its
    /// device is forgotten, because the user may have lost it.
    #[tracing::instrument(name = "db.sessions.revoke", skip_all, err(level = "debug"))]
    pub async fn revoke(&self, id: SessionId) -> Result<bool, StoreError> {
        let (user, current) = (self.identity.user.into_uuid(), self.identity.session.into_uuid());
        let id = id.into_uuid();
        // A separate statement, and first: it also clears the device in sessions, which must not
        // wait for the audit's chain.
        let forget = raw_sql!(
            Postgres,
            "delete from known_devices d using user_sessions s
              where s.user_id = {user} and s.id = {id} and s.id <> {current}
                and s.revoked_at is null and d.id = s.device_id
                and d.id is distinct from (
                    select device_id from user_sessions where id = {current})"
        );
        self.txn.execute_raw(forget).await?;
        let write = raw_sql!(
            Postgres,
            "update user_sessions set revoked_at = now()
              where user_id = {user} and id = {id} and revoked_at is null
                and expires_at > now() and idle_expires_at > now()"
        );
        Ok(self.txn.execute_raw(write).await?.rows_affected() > 0)
    }

    /// Ends all but the current one, and forgets their devices; returns their number.
    #[tracing::instrument(name = "db.sessions.revoke_others", skip_all, err(level = "debug"))]
    pub async fn revoke_others(&self) -> Result<u64, StoreError> {
        let (user, current) = (self.identity.user.into_uuid(), self.identity.session.into_uuid());
        let forget = raw_sql!(
            Postgres,
            "delete from known_devices d
              where d.user_id = {user} and d.id is distinct from (
                  select device_id from user_sessions where id = {current})"
        );
        self.txn.execute_raw(forget).await?;
        let write = raw_sql!(
            Postgres,
            "update user_sessions set revoked_at = now()
              where user_id = {user} and id <> {current} and revoked_at is null"
        );
        Ok(self.txn.execute_raw(write).await?.rows_affected())
    }
}
