//! Connection pools, one per role.

use std::time::Duration;

use sea_orm::{ConnectOptions, Database, DatabaseConnection};
use secrecy::{ExposeSecret, SecretString};

use crate::error::StoreError;

/// How long a request waits for a connection before it fails as unavailable.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// Connections are not pinged before each use, which would cost a round trip, so they are not kept
/// long.
const MAX_LIFETIME: Duration = Duration::from_mins(30);

/// A tool may wait longer than a request.
const TOOL_TIMEOUT: Duration = Duration::from_secs(10);

/// Opens the single connection of a tool.
pub(crate) async fn open_for_tool(url: &SecretString) -> Result<DatabaseConnection, StoreError> {
    open_with(url, 1, TOOL_TIMEOUT).await
}

/// Opens a pool as one role. Connections are made on first use, so that a service starts, unready,
/// while its database is down.
pub(crate) async fn open(url: &SecretString, size: u32) -> Result<DatabaseConnection, StoreError> {
    open_with(url, size, ACQUIRE_TIMEOUT).await
}

async fn open_with(
    url: &SecretString,
    size: u32,
    acquire_timeout: Duration,
) -> Result<DatabaseConnection, StoreError> {
    let mut options = ConnectOptions::new(url.expose_secret());
    options
        .max_connections(size)
        .min_connections(0)
        .connect_lazy(true)
        .acquire_timeout(acquire_timeout)
        .max_lifetime(MAX_LIFETIME)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .map_sqlx_postgres_opts(|postgres| postgres.application_name("ignacio"));
    Ok(Database::connect(options).await?)
}
