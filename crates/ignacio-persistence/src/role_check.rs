//! Whether the service's own roles are as weak as row level security needs them to be.
//!
//! Policies bind no superuser, no role with BYPASSRLS and no owner who may take them away. A service
//! that runs as one of these would answer everybody correctly until the first mistake in a
//! statement, so it is asked of the catalogue at the start, as each role and by itself.

use std::collections::BTreeSet;
use std::fmt::{self, Display};

use futures_util::future::join_all;
use sea_orm::sqlx::{Error, error::DatabaseError};
use secrecy::SecretString;
use tokio::time::timeout;

use crate::simple_query::{SimpleQueryConnection, TIMEOUT};

/// What is wrong with the role that asks, a sentence each. `$role` is who it should be.
const FAULTS: &str = include_str!("role_check.sql");

/// A login role of the service: one per code path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceRole {
    /// Requests.
    Api,
    /// Codes and logins.
    Auth,
    /// The background work.
    Worker,
    /// Administration.
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

/// A right that a role has and should not, or a table that is not guarded: one sentence, which ends
/// with the statement that mends it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoleFault(String);

impl Display for RoleFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Why the service may not run as its roles.
#[derive(Debug)]
pub enum RoleCheckError {
    /// The role's password, or the right to log in, is not what the service thinks.
    Locked {
        /// Whose it is.
        role: ServiceRole,
        /// What the server said.
        said: String,
    },
    /// The database did not answer, or not in time.
    Unavailable {
        /// Who asked.
        role: ServiceRole,
        /// What happened.
        said: String,
    },
    /// All that is wrong, of all the roles, each once.
    Unfit(BTreeSet<RoleFault>),
}

/// Looks at each of the roles as the role itself, side by side: one connection each, one question.
pub async fn check_roles(logins: &[(ServiceRole, SecretString)]) -> Result<(), RoleCheckError> {
    let found = join_all(logins.iter().map(|(role, url)| check(*role, url))).await;
    let mut faults = BTreeSet::new();
    for result in found {
        faults.extend(result?);
    }
    if faults.is_empty() { Ok(()) } else { Err(RoleCheckError::Unfit(faults)) }
}

async fn check(role: ServiceRole, url: &SecretString) -> Result<Vec<RoleFault>, RoleCheckError> {
    let asked = timeout(TIMEOUT, faults(role, url)).await.unwrap_or(Err(Error::PoolTimedOut));
    asked.map_err(|error| {
        let said = error.to_string();
        if is_locked_out(&error) {
            RoleCheckError::Locked { role, said }
        } else {
            RoleCheckError::Unavailable { role, said }
        }
    })
}

async fn faults(role: ServiceRole, url: &SecretString) -> Result<Vec<RoleFault>, Error> {
    let mut connection = SimpleQueryConnection::connect(url).await?;
    let rows = connection.read(&FAULTS.replace("$role", role.name())).await;
    connection.close().await;
    Ok(rows?.into_iter().map(|[sentence]| RoleFault(sentence)).collect())
}

/// Whether the server knows the role or its password otherwise, or does not let it in at all.
fn is_locked_out(error: &Error) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    matches!(code.as_deref(), Some("28P01" | "28000" | "42501"))
}
