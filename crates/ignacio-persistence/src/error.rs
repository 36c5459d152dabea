//! What can go wrong with the database, by what the caller can do about it.

use sea_orm::{DbErr, RuntimeErr};
use thiserror::Error;

/// Why a repository could not do what it was asked to.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The digest is of no live session.
    #[error("no live session")]
    Unauthenticated,
    /// What was named is not there, or not the caller's; only the one-trip reads say so.
    #[error("no such row")]
    NotFound,
    /// The cursor was made for somebody else.
    #[error("the cursor is of somebody else")]
    ForeignCursor,
    /// A rule of the schema said no; the word is the constraint's.
    #[error("in conflict with {0}")]
    Conflict(String),
    /// A policy or a missing right said no: a fault of ours.
    #[error("the database refused")]
    Refused(#[source] DbErr),
    /// The database did not answer in time, or not at all.
    #[error("the database is unavailable")]
    Unavailable(#[source] DbErr),
    /// A stored value that our own rules do not allow.
    #[error("a stored value makes no sense: {table}.{column}")]
    Corrupt {
        /// Where it is stored.
        table: &'static str,
        /// In which column.
        column: &'static str,
    },
    /// Anything else.
    #[error("the database failed")]
    Failed(#[source] DbErr),
}

impl StoreError {
    pub(crate) const fn corrupt(table: &'static str, column: &'static str) -> Self {
        Self::Corrupt { table, column }
    }
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        let Some((code, constraint)) = sql_state(&error) else {
            return match error {
                DbErr::ConnectionAcquire(_)
                | DbErr::Conn(_)
                | DbErr::Query(RuntimeErr::SqlxError(_))
                | DbErr::Exec(RuntimeErr::SqlxError(_)) => Self::Unavailable(error),
                other => Self::Failed(other),
            };
        };
        match code.as_str() {
            "IG401" => Self::Unauthenticated,
            "IG404" => Self::NotFound,
            "IG400" => Self::ForeignCursor,
            "23503" | "23505" | "23514" => Self::Conflict(constraint.unwrap_or(code)),
            "42501" => Self::Refused(error),
            // Time-outs, shutdowns, too many connections, a standby: all of them pass.
            "57014" | "57P01" | "57P02" | "57P03" | "53300" | "55P03" | "25006" | "40001"
            | "40P01" => Self::Unavailable(error),
            _ => Self::Failed(error),
        }
    }
}

/// The SQLSTATE and the constraint's name, where the server itself said no.
fn sql_state(error: &DbErr) -> Option<(String, Option<String>)> {
    let (DbErr::Exec(RuntimeErr::SqlxError(source)) | DbErr::Query(RuntimeErr::SqlxError(source))) =
        error
    else {
        return None;
    };
    let database = source.as_database_error()?;
    let code = database.code()?.into_owned();
    Some((code, database.constraint().map(str::to_owned)))
}
