//! What has to be true before anything is served, and what to tell people when it is not.

use std::{
    io,
    net::{SocketAddr, TcpListener},
};

use anyhow::{Context as _, anyhow};
use ignacio_integrations::{S3Settings, S3Store};

use crate::{
    failure::Failure,
    settings::DatabaseSettings,
    tools::{database_said, with_causes},
};

/// Takes a port. `name` is the variable that chose it.
pub(crate) fn bind(name: &str, address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).map_err(|error| {
        let advice = match error.kind() {
            io::ErrorKind::AddrInUse => format!(
                "the port {} of {} is taken: stop what uses it, or choose another with {name}",
                address.port(),
                address.ip(),
            ),
            _ => format!("cannot listen on {address}, which {name} asks for: {error}"),
        };
        Failure::unavailable(anyhow!(advice))
    })
}

/// Refuses a database that this version cannot work with: out of reach, too old, or not migrated.
pub(crate) async fn refuse_wrong_database(database: &DatabaseSettings) -> Result<(), Failure> {
    let migrations = migration::status(&database.url).await.map_err(database_said)?;
    let pending: Vec<String> =
        migrations.into_iter().filter(|it| !it.applied).map(|it| it.name).collect();
    if pending.is_empty() {
        return Ok(());
    }
    Err(Failure::config(format!(
        "DATABASE_URL leads to a database that lacks {} migration(s): {}; run `ignacio migrate up` and start again",
        pending.len(),
        pending.join(", "),
    )))
}

/// What to say when a role of the service cannot log in although the database is there.
pub(crate) fn refuse_role(error: &dyn std::error::Error) -> Failure {
    Failure::config(format!(
        "IGNACIO_SECRET does not open the database ({:#}): the roles got their passwords from another secret; run `ignacio migrate up` with this one",
        with_causes(error)
    ))
}

/// The object store, not yet called.
pub(crate) fn store(settings: S3Settings) -> Result<S3Store, Failure> {
    S3Store::new(settings).map_err(Failure::config)
}

/// The runtime's own troubles at the start.
pub(crate) fn started<T>(part: &str, result: io::Result<T>) -> Result<T, Failure> {
    Ok(result.with_context(|| format!("{part} does not start"))?)
}

#[cfg(test)]
mod tests {
    //! A taken port is told with the variable that chose it.

    use super::*;

    #[test]
    fn a_taken_port_is_one_clear_sentence() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let failure = bind("IGNACIO_LISTEN", address).unwrap_err().to_string();
        assert!(failure.contains(&address.port().to_string()), "{failure}");
        assert!(failure.contains("IGNACIO_LISTEN") && !failure.contains('\n'), "{failure}");
    }
}
