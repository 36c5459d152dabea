//! What can go wrong with a migration, by what has to be done about it.

use sea_orm::{DbErr, RuntimeErr};
use thiserror::Error;

/// Why the database could not be migrated.
#[derive(Debug, Error)]
pub enum MigrateError {
    /// The URL cannot be read.
    #[error("the database URL is not of the form postgres://user:password@host:5432/name")]
    Url(#[from] url::ParseError),
    /// A server that lacks what the policies need.
    #[error("{0}")]
    TooOld(String),
    /// A newer program has migrated this database.
    #[error(
        "the database is of a newer version: it has {}, which this program does not know; use the program that migrated it, or a newer one",
        .unknown.join(", ")
    )]
    Newer {
        /// The migrations that are unknown here.
        unknown: Vec<String>,
    },
    /// What somebody left in the database, and no migration may go over.
    #[error("the database cannot be taken over as it is: {0}")]
    NotAdoptable(String),
    /// Somebody else holds a lock for longer than a migration waits.
    #[error(
        "a table that has to be changed is in use by another session: nothing was changed; stop what uses the database and try again"
    )]
    Busy,
    /// The database said no, or did not answer.
    #[error("the database refused: {0}")]
    Database(DbErr),
}

impl From<DbErr> for MigrateError {
    fn from(error: DbErr) -> Self {
        match sql_state(&error).as_deref() {
            Some("55P03") => Self::Busy,
            _ => Self::Database(error),
        }
    }
}

impl MigrateError {
    /// What the database said about these old tables: where their rows or columns are the reason,
    /// trying again does not help.
    pub(crate) fn about(tables: &str, error: DbErr) -> Self {
        let is_theirs = sql_state(&error).is_some_and(|state| {
            ["0A", "22", "23", "2B", "42"].iter().any(|class| state.starts_with(class))
        });
        if is_theirs { Self::NotAdoptable(format!("{tables}: {error}")) } else { error.into() }
    }

    /// Whether another database of the same server was migrated at the same moment. Roles belong to
    /// the server, and two transactions that change the same one do not wait politely: one fails.
    pub(crate) fn is_collision(&self) -> bool {
        let Self::Database(error) = self else { return false };
        match sql_state(error).as_deref() {
            Some("XX000") => error.to_string().contains("concurrently"),
            Some("23505") => error.to_string().contains("pg_auth"),
            _ => false,
        }
    }
}

fn sql_state(error: &DbErr) -> Option<String> {
    let (DbErr::Exec(RuntimeErr::SqlxError(source)) | DbErr::Query(RuntimeErr::SqlxError(source))) =
        error
    else {
        return None;
    };
    Some(source.as_database_error()?.code()?.into_owned())
}
