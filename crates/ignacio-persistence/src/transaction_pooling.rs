//! Whether a pooler lends us backends for a transaction at a time instead of keeping one for each
//! connection.
//!
//! Through such a one prepared statements get lost or are another user's. The ports on which they
//! usually listen are known, but any port may lead to one, so it is tried out.

use futures_util::future::{join_all, try_join_all};
use sea_orm::{
    DbErr, RuntimeErr,
    sqlx::{Error, error::DatabaseError},
};
use secrecy::SecretString;
use tokio::time::timeout;

use crate::error::StoreError;
use crate::simple_query::{SimpleQueryConnection, TIMEOUT};

/// How many connections it takes for a moment: few enough for a deployment with the smallest pools.
/// Two that wait are one more than is needed where nobody else uses the pooler.
const N_CONNECTIONS: usize = 3;

const BACKEND: &str = "select pg_backend_pid()::text";
const BEGIN: &str = "begin; select pg_backend_pid()::text";

/// Whether two of several connections were served by the same backend, or one of them by two.
///
/// The first connection asks which backend it has, and asks again while each of the others keeps
/// a transaction open. If the backends were lent, the first's would be free in between: it goes to
/// one of the others, or another one answers the second time. Over direct connections, and through
/// a pooler in session mode, neither can happen, so that nobody is refused by mistake.
pub async fn detect_transaction_pooling(url: &SecretString) -> Result<bool, StoreError> {
    let found = timeout(TIMEOUT, probe(url)).await.unwrap_or(Err(Error::PoolTimedOut));
    found.map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(error.into())).into())
}

async fn probe(url: &SecretString) -> Result<bool, Error> {
    // All of them log in first: between one question and the next nothing else may come.
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
        // One at a time: a pooler with few backends would let the last of them wait for ever.
        match other.read(BEGIN).await {
            Ok(backend) if backend == own => return Ok(true),
            // A pooler that lends backends for a statement at a time takes no `begin`.
            Err(error) if is_protocol_violation(&error) => return Ok(true),
            begun => begun?,
        };
    }
    Ok(first.read(BACKEND).await? != own)
}

fn is_protocol_violation(error: &Error) -> bool {
    error.as_database_error().and_then(DatabaseError::code).is_some_and(|code| code == "08P01")
}
