//! Connection pools, one per role.

use std::time::Duration;

use sea_orm::{ConnectOptions, Database, DatabaseConnection};
use secrecy::{ExposeSecret, SecretString};

use crate::error::StoreError;

/// How long a request waits for a connection before it is told that the service is busy.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// Connections are not pinged before each use (it costs a round trip), so they are not kept long.
const MAX_LIFETIME: Duration = Duration::from_mins(30);

/// Opens a pool as one role. Connections are made when they are first needed, so that a service
/// comes up, unready, while its database is away.
pub(crate) async fn open(url: &SecretString, size: u32) -> Result<DatabaseConnection, StoreError> {
    let mut options = ConnectOptions::new(url.expose_secret());
    options
        .max_connections(size)
        .min_connections(0)
        .connect_lazy(true)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .max_lifetime(MAX_LIFETIME)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .map_sqlx_postgres_opts(|postgres| postgres.application_name("ignacio"));
    Ok(Database::connect(options).await?)
}
