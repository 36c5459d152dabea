//! What has to be true before anything is served, and what to tell people when it is not.

use std::{
    io,
    net::{SocketAddr, TcpListener},
};

use anyhow::{Context as _, anyhow};
use ignacio_integrations::{S3Settings, S3Store};
use ignacio_persistence::{RoleCheckError, ServiceRole, check_roles, detect_transaction_pooling};
use secrecy::SecretString;

use crate::{
    failure::ExitError,
    settings::{DatabaseSettings, POOLED},
    tools::{database_said, with_causes},
};

/// Takes a port. `name` is the variable that chose it.
pub(crate) fn bind(name: &str, address: SocketAddr) -> Result<TcpListener, ExitError> {
    TcpListener::bind(address).map_err(|error| {
        let advice = match error.kind() {
            io::ErrorKind::AddrInUse => format!(
                "the port {} of {} is taken: stop what uses it, or choose another with {name}",
                address.port(),
                address.ip(),
            ),
            _ => format!("cannot listen on {address}, which {name} asks for: {error}"),
        };
        ExitError::unavailable(anyhow!(advice))
    })
}

/// Refuses a database that this version cannot work with: behind the wrong kind of pooler, out of
/// reach, too old, not migrated, or with `roles` that its policies do not bind.
pub(crate) async fn refuse_wrong_database(
    database: &DatabaseSettings,
    roles: &[ServiceRole],
) -> Result<(), ExitError> {
    let lends = detect_transaction_pooling(&database.url).await;
    // Through such a pooler any other statement may fail in any way, so this is told first.
    if matches!(lends, Ok(true)) {
        return Err(pooled());
    }
    refuse_pending(migration::status(&database.url).await.map_err(database_said)?)?;
    lends.map_err(|error| unavailable(&error))?;
    refuse_strong_roles(database, roles).await
}

/// Refuses a pooler in transaction mode, and nothing else: what comes next will tell.
pub(crate) async fn refuse_pooler(url: &SecretString) -> Result<(), ExitError> {
    if matches!(detect_transaction_pooling(url).await, Ok(true)) { Err(pooled()) } else { Ok(()) }
}

fn pooled() -> ExitError {
    ExitError::config(format!("DATABASE_URL {POOLED}"))
}

fn refuse_pending(migrations: Vec<migration::Status>) -> Result<(), ExitError> {
    let pending: Vec<String> =
        migrations.into_iter().filter(|it| !it.applied).map(|it| it.name).collect();
    if pending.is_empty() {
        return Ok(());
    }
    Err(ExitError::config(format!(
        "DATABASE_URL leads to a database that lacks {} migration(s): {}; run `ignacio migrate up` and start again",
        pending.len(),
        pending.join(", "),
    )))
}

/// Refuses roles that cannot log in, and roles that could get past row level security.
async fn refuse_strong_roles(
    database: &DatabaseSettings,
    roles: &[ServiceRole],
) -> Result<(), ExitError> {
    let logins: Vec<_> = roles
        .iter()
        .map(|role| Ok((*role, database.url_of(*role)?)))
        .collect::<Result<_, _>>()
        .map_err(database_said)?;
    check_roles(&logins).await.map_err(|refusal| match refusal {
        RoleCheckError::Locked { role, said } => {
            ExitError::config(locked(database.password_came_from(role), &said))
        }
        RoleCheckError::Unavailable { role, said } => {
            ExitError::unavailable(anyhow!("the database does not answer {}: {said}", role.name()))
        }
        RoleCheckError::Unfit(faults) => {
            let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
            ExitError::config(lines.join("\n"))
        }
    })
}

/// What to say when a role of the service cannot log in although the database is there.
fn locked(variable: &str, said: &str) -> String {
    let why = match variable {
        "IGNACIO_SECRET" => "the roles got their passwords from another secret",
        _ => "the role has another password",
    };
    format!(
        "{variable} does not open the database ({said}): {why}; run `ignacio migrate up` with this one"
    )
}

/// What to say when a database that answered a moment ago does not any more.
pub(crate) fn unavailable(error: &dyn std::error::Error) -> ExitError {
    ExitError::unavailable(with_causes(error))
}

/// The object store, not yet called.
pub(crate) fn store(settings: S3Settings) -> Result<S3Store, ExitError> {
    S3Store::new(settings).map_err(ExitError::config)
}

/// The runtime's own troubles at the start.
pub(crate) fn started<T>(part: &str, result: io::Result<T>) -> Result<T, ExitError> {
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
