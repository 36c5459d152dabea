//! The user whose rows a transaction sees: the owner of the verified session, or of the job that a
//! worker has leased.

use ignacio_domain::ids::{SessionId, UserId, WorkerId};
use ignacio_domain::session::SessionDigest;
use ignacio_domain::user::Role;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, FromQueryResult,
    TransactionTrait as _, raw_sql,
};
use uuid::Uuid;

use crate::error::StoreError;
use crate::rows;

/// A user, and the session that identifies them.
#[derive(Clone, Copy, Debug)]
pub struct Identity {
    /// The user.
    pub user: UserId,
    /// The session.
    pub session: SessionId,
    /// What the user may do.
    pub role: Role,
}

#[derive(FromQueryResult)]
struct IdentityRow {
    user_id: Uuid,
    session_id: Uuid,
    is_admin: bool,
}

/// Begins a transaction as the user who owns this session.
pub(crate) async fn begin(
    db: &DatabaseConnection,
    session: &SessionDigest,
) -> Result<(DatabaseTransaction, Identity), StoreError> {
    let txn = db.begin().await?;
    match authenticate(&txn, session).await {
        Ok(identity) => Ok((txn, identity)),
        Err(error) => {
            drop(txn);
            revoke_on_reuse(db, session, Err(error)).await
        }
    }
}

/// Verifies the session, and gives the transaction the user's identity if there is one.
pub(crate) async fn authenticate(
    db: &impl ConnectionTrait,
    session: &SessionDigest,
) -> Result<Identity, StoreError> {
    let digest = session.as_bytes().to_vec();
    let read = raw_sql!(Postgres, "select * from app.authenticate({digest})");
    let row = IdentityRow::find_by_statement(read).one(db).await?;
    let row = row.ok_or(StoreError::Unauthenticated)?;
    Ok(Identity {
        user: UserId::from_uuid(row.user_id),
        session: SessionId::from_uuid(row.session_id),
        role: rows::role(row.is_admin),
    })
}

/// Passes a result on. If it reports a token that its session replaced more than a minute ago, it
/// also ends the session: either that token or the newer one was stolen. The revocation runs
/// outside the transaction that found out, because that one has failed.
pub(crate) async fn revoke_on_reuse<T>(
    db: &DatabaseConnection,
    session: &SessionDigest,
    result: Result<T, StoreError>,
) -> Result<T, StoreError> {
    let Err(StoreError::Reused) = result else { return result };
    let digest = session.as_bytes().to_vec();
    db.execute_raw(raw_sql!(Postgres, "select app.revoke_reused_session({digest})")).await?;
    tracing::warn!("a replaced session token was presented; its session is revoked");
    Err(StoreError::Unauthenticated)
}

/// Begins a transaction with the identity of the user whose job this worker has leased; `None` when
/// the lease is lost.
pub(crate) async fn assume_lease(
    db: &DatabaseConnection,
    job: Uuid,
    worker: WorkerId,
    epoch: i64,
) -> Result<Option<DatabaseTransaction>, StoreError> {
    let txn = db.begin().await?;
    let worker = worker.into_uuid();
    let assume = raw_sql!(Postgres, "select app.assume_lease({job}, {worker}, {epoch}) as owner");
    let owner: Option<Uuid> = match txn.query_one_raw(assume).await? {
        Some(row) => row.try_get("", "owner")?,
        None => None,
    };
    Ok(owner.map(|_| txn))
}
