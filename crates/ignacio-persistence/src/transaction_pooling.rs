//! Detects a pooler in transaction mode, which lends a backend for each transaction instead of
//! keeping one for each connection.
//!
//! With such a pooler, prepared statements get lost or belong to another client. Poolers usually
//! listen on known ports, but any port may lead to one, so this tries it out.

use futures_util::future::{join_all, try_join_all};
use sea_orm::{
    DbErr, RuntimeErr,
    sqlx::{Error, error::DatabaseError},
};
use secrecy::SecretString;
use tokio::time::timeout;

use crate::error::StoreError;
use crate::simple_query::{SimpleQueryConnection, TIMEOUT};

/// How many connections it opens for a moment: few enough for a deployment with the smallest pools,
/// and one more than needed if nothing else uses the pooler.
const N_CONNECTIONS: usize = 3;

const BACKEND: &str = "select pg_backend_pid()::text";
const BEGIN: &str = "begin; select pg_backend_pid()::text";

/// Whether two connections were served by the same backend, or one of them by two.
///
/// The first connection reads its backend's id, and reads it again while each of the others keeps a
/// transaction open. If backends were lent, the first one would be free in between: either it
/// serves one of the others, or another one answers the second read. Neither can happen over direct
/// connections or through a pooler in session mode, so there are no false positives.
pub async fn detect_transaction_pooling(url: &SecretString) -> Result<bool, StoreError> {
    let found = timeout(TIMEOUT, probe(url)).await.unwrap_or(Err(Error::PoolTimedOut));
    found.map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(error.into())).into())
}

async fn probe(url: &SecretString) -> Result<bool, Error> {
    // All log in first, so that nothing comes between one query and the next.
    let mut all =
        try_join_all((0..N_CONNECTIONS).map(|_| SimpleQueryConnection::connect(url))).await?;
    let lent = detect(&mut all).await;
    join_all(all.into_iter().map(SimpleQueryConnection::close)).await;
    lent
}

/// Closing the connections afterwards ends their transactions.
async fn detect(all: &mut [SimpleQueryConnection]) -> Result<bool, Error> {
    let Some((first, others)) = all.split_first_mut() else { return Ok(false) };
    let own = first.read::<1>(BACKEND).await?;
    if first.read(BACKEND).await? != own {
        return Ok(true);
    }
    for other in others {
        // One at a time: a pooler with few backends would make the last one wait forever.
        match other.read(BEGIN).await {
            Ok(backend) if backend == own => return Ok(true),
            // A pooler in statement mode rejects `begin`.
            Err(error) if is_protocol_violation(&error) => return Ok(true),
            begun => begun?,
        };
    }
    Ok(first.read(BACKEND).await? != own)
}

fn is_protocol_violation(error: &Error) -> bool {
    error.as_database_error().and_then(DatabaseError::code).is_some_and(|code| code == "08P01")
}
