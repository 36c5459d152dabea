//! The errors of a migration, by what the operator must do.

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
    ServerTooOld(String),
    /// A newer program has migrated this database.
    #[error(
        "a newer version has migrated the database: it has {}, which this program does not know; use the program that migrated it, or a newer one",
        .unknown.join(", ")
    )]
    NewerSchema {
        /// The migrations that this program does not have.
        unknown: Vec<String>,
    },
    /// A database from before migrations 005 to 021 were replaced; none was ever deployed.
    #[error(
        "migrations that no longer exist created this development database ({}): create it again with `cargo xtask dev --fresh`, which deletes its data",
        .unknown.join(", ")
    )]
    ReplacedMigrations {
        /// The migrations that this program does not have.
        unknown: Vec<String>,
    },
    /// Objects in the database that no migration may change or drop.
    #[error("the database cannot be migrated as it is: {0}")]
    NotImportable(String),
    /// Another session holds a lock for longer than a migration waits.
    #[error(
        "a table that must be changed is in use by another session; nothing was changed: stop what uses the database and try again"
    )]
    Busy,
    /// The database refused, or did not answer.
    #[error("the database refused: {0}")]
    Database(DbErr),
}

impl From<DbErr> for MigrateError {
    fn from(error: DbErr) -> Self {
        match sql_state(&error).as_deref() {
            Some("55P03" | "40P01") => Self::Busy,
            _ => Self::Database(error),
        }
    }
}

impl MigrateError {
    /// An error of a statement on these old tables: if their rows or columns are the cause, trying
    /// again does not help.
    pub(crate) fn of_legacy(tables: &str, error: DbErr) -> Self {
        let is_permanent = sql_state(&error).is_some_and(|state| {
            ["0A", "22", "23", "2B", "42"].iter().any(|class| state.starts_with(class))
        });
        if is_permanent { Self::NotImportable(format!("{tables}: {error}")) } else { error.into() }
    }

    /// Whether another database of the same server was migrated at the same moment. Roles belong to
    /// the server, and of two transactions that change the same role one fails instead of waiting.
    pub(crate) fn is_role_conflict(&self) -> bool {
        let Self::Database(error) = self else { return false };
        match sql_state(error).as_deref() {
            Some("XX000") => error.to_string().contains("concurrently"),
            Some("23505") => error.to_string().contains("pg_auth"),
            _ => false,
        }
    }
}

pub(crate) fn sql_state(error: &DbErr) -> Option<String> {
    let (DbErr::Exec(RuntimeErr::SqlxError(source)) | DbErr::Query(RuntimeErr::SqlxError(source))) =
        error
    else {
        return None;
    };
    Some(source.as_database_error()?.code()?.into_owned())
}
