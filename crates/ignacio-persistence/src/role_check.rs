//! Checks that the service's own roles have no rights that would bypass row level security.
//!
//! Policies do not bind superusers, roles with BYPASSRLS, or owners who may drop them. A service
//! that runs as one of these would respond correctly until the first mistake in a statement, so
//! each role checks itself in the catalog at the start.

use std::collections::BTreeSet;
use std::fmt::{self, Display};

use futures_util::future::join_all;
use sea_orm::sqlx::{Error, error::DatabaseError};
use secrecy::SecretString;
use tokio::time::timeout;

use crate::simple_query::{SimpleQueryConnection, TIMEOUT};

/// What is wrong with the role that runs this, a sentence each. `$role` is the expected role.
const FAULTS: &str = include_str!("role_check.sql");

/// A login role of the service: one per code path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceRole {
    /// Requests.
    Api,
    /// Login codes and logins.
    Auth,
    /// Background work.
    Worker,
    /// Requests of admins.
    Admin,
}

impl ServiceRole {
    /// The role's name in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Api => "ignacio_api",
            Self::Auth => "ignacio_auth",
            Self::Worker => "ignacio_worker",
            Self::Admin => "ignacio_admin",
        }
    }
}

/// A right that a role should not have, or a table without row level security: one sentence, which
/// ends with the statement that fixes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoleFault(String);

impl Display for RoleFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Why the service may not run with its roles.
#[derive(Debug)]
pub enum RoleCheckError {
    /// The role cannot log in with its password.
    Locked {
        /// The role.
        role: ServiceRole,
        /// The server's message.
        message: String,
    },
    /// The database did not answer, or not in time.
    Unavailable {
        /// The role.
        role: ServiceRole,
        /// The error.
        message: String,
    },
    /// All faults of all roles, each once.
    Unfit(BTreeSet<RoleFault>),
}

/// Checks each role as the role itself, concurrently: one connection and one query each.
pub async fn check_roles(logins: &[(ServiceRole, SecretString)]) -> Result<(), RoleCheckError> {
    let found = join_all(logins.iter().map(|(role, url)| check(*role, url))).await;
    let mut faults = BTreeSet::new();
    for result in found {
        faults.extend(result?);
    }
    if faults.is_empty() { Ok(()) } else { Err(RoleCheckError::Unfit(faults)) }
}

async fn check(role: ServiceRole, url: &SecretString) -> Result<Vec<RoleFault>, RoleCheckError> {
    let result = timeout(TIMEOUT, faults(role, url)).await.unwrap_or(Err(Error::PoolTimedOut));
    result.map_err(|error| {
        let message = error.to_string();
        if is_locked_out(&error) {
            RoleCheckError::Locked { role, message }
        } else {
            RoleCheckError::Unavailable { role, message }
        }
    })
}

async fn faults(role: ServiceRole, url: &SecretString) -> Result<Vec<RoleFault>, Error> {
    let mut connection = SimpleQueryConnection::connect(url).await?;
    let rows = connection.read(&FAULTS.replace("$role", role.name())).await;
    connection.close().await;
    Ok(rows?.into_iter().map(|[sentence]| RoleFault(sentence)).collect())
}

/// Whether the server rejects the role's password, or does not let it in at all.
fn is_locked_out(error: &Error) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    matches!(code.as_deref(), Some("28P01" | "28000" | "42501"))
}
