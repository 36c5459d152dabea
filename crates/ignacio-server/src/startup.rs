//! Checks before the process starts to serve, with messages that say how to fix what is wrong.

use std::{
    io,
    net::{SocketAddr, TcpListener},
};

use anyhow::{Context as _, anyhow};
use ignacio_integrations::{S3Settings, S3Store};
use ignacio_persistence::{RoleCheckError, ServiceRole, check_roles, detect_transaction_pooling};
use secrecy::SecretString;

use crate::{
    exit_error::ExitError,
    settings::{DatabaseSettings, TRANSACTION_POOLER},
};

/// Binds a port. `name` is the variable that chose it.
pub(crate) fn bind(name: &str, address: SocketAddr) -> Result<TcpListener, ExitError> {
    TcpListener::bind(address).map_err(|error| {
        let advice = match error.kind() {
            io::ErrorKind::AddrInUse => format!(
                "port {} on {} is in use: stop the process that uses it, or choose another port with {name}",
                address.port(),
                address.ip(),
            ),
            _ => format!("cannot listen on {address} ({name}): {error}"),
        };
        ExitError::unavailable(anyhow!(advice))
    })
}

/// Refuses a database that this version cannot use: one behind a pooler in transaction mode,
/// unreachable, too old, not migrated, or with `roles` that can bypass row level security.
pub(crate) async fn refuse_wrong_database(
    database: &DatabaseSettings,
    roles: &[ServiceRole],
) -> Result<(), ExitError> {
    let is_pooled = detect_transaction_pooling(&database.url).await;
    // Any other statement may fail through such a pooler, so this comes first.
    if matches!(is_pooled, Ok(true)) {
        return Err(pooler_error());
    }
    refuse_pending(migration::status(&database.url).await?)?;
    is_pooled.map_err(ExitError::unavailable)?;
    refuse_privileged_roles(database, roles).await
}

/// Refuses a pooler in transaction mode. Other problems show in the statements that follow.
pub(crate) async fn refuse_pooler(url: &SecretString) -> Result<(), ExitError> {
    if matches!(detect_transaction_pooling(url).await, Ok(true)) {
        Err(pooler_error())
    } else {
        Ok(())
    }
}

fn pooler_error() -> ExitError {
    ExitError::config(format!("DATABASE_URL {TRANSACTION_POOLER}"))
}

fn refuse_pending(status: migration::Status) -> Result<(), ExitError> {
    let pending: Vec<String> =
        status.migrations.into_iter().filter(|it| !it.applied).map(|it| it.name).collect();
    let scripts: Vec<String> = status.scripts.into_iter().map(|script| script.name).collect();
    let (what, names) = match (pending.is_empty(), scripts.is_empty()) {
        (true, true) => return Ok(()),
        (true, false) => ("script", scripts),
        (false, _) => ("migration", pending),
    };
    Err(ExitError::config(format!(
        "{} {what}(s) are pending on the database of DATABASE_URL: {}; run `ignacio migrate up` and start again",
        names.len(),
        names.join(", "),
    )))
}

/// Refuses roles that cannot log in, and roles that can bypass row level security.
async fn refuse_privileged_roles(
    database: &DatabaseSettings,
    roles: &[ServiceRole],
) -> Result<(), ExitError> {
    let logins: Vec<_> = roles
        .iter()
        .map(|role| Ok((*role, database.url_of(*role)?)))
        .collect::<Result<_, ExitError>>()?;
    check_roles(&logins).await.map_err(|refusal| match refusal {
        RoleCheckError::Locked { role, message } => {
            ExitError::config(wrong_password_message(database.password_came_from(role), &message))
        }
        RoleCheckError::Unavailable { role, message } => ExitError::unavailable(anyhow!(
            "the database does not answer {}: {message}",
            role.name()
        )),
        RoleCheckError::Unfit(faults) => {
            let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
            ExitError::config(lines.join("\n"))
        }
    })
}

/// The message when a service role cannot log in although the database is reachable.
fn wrong_password_message(variable: &str, message: &str) -> String {
    let why = match variable {
        "IGNACIO_SECRET" => "the passwords of the roles were derived from another secret",
        _ => "the role has a different password",
    };
    format!(
        "{variable} does not open the database ({message}): {why}; run `ignacio migrate up` with the current value"
    )
}

/// The object store client; it has not connected yet.
pub(crate) fn store(settings: S3Settings) -> Result<S3Store, ExitError> {
    S3Store::new(settings).map_err(ExitError::config)
}

/// Adds to an I/O error which part could not start.
pub(crate) fn started<T>(part: &str, result: io::Result<T>) -> Result<T, ExitError> {
    Ok(result.with_context(|| format!("{part} could not start"))?)
}

#[cfg(test)]
mod tests {
    //! The message about a port in use names the variable that chose it.

    use super::*;

    #[test]
    fn a_port_in_use_is_reported_in_one_sentence() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let error = bind("IGNACIO_LISTEN", address).unwrap_err().to_string();
        assert!(error.contains(&address.port().to_string()), "{error}");
        assert!(error.contains("IGNACIO_LISTEN") && !error.contains('\n'), "{error}");
    }
}
