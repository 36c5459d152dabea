//! What can go wrong with the database, by what the caller can do about it.

use sea_orm::{DbErr, RuntimeErr, SqlxError};
use thiserror::Error;

/// Why a repository could not do what it was asked to.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The digest is of no live session.
    #[error("no live session")]
    Unauthenticated,
    /// The token was replaced more than a minute ago; its session has to be ended.
    #[error("a token that was replaced")]
    Reused,
    /// The session has not shown a code lately.
    #[error("a fresh code is needed")]
    StepUpRequired,
    /// What was named is not there, or not the caller's; only the one-trip reads say so.
    #[error("no such row")]
    NotFound,
    /// The session is not an admin's.
    #[error("not an admin")]
    Forbidden,
    /// Nobody has let the admin read that; or there is nothing to read.
    #[error("no live grant")]
    GrantRequired,
    /// Nobody looks after their own account.
    #[error("an admin's own account")]
    OwnAccount,
    /// Somebody has to be left who can let others in.
    #[error("the last active admin")]
    LastAdmin,
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
            return match &error {
                DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => Self::Unavailable(error),
                DbErr::Query(RuntimeErr::SqlxError(source))
                | DbErr::Exec(RuntimeErr::SqlxError(source))
                    if is_cut_off(source) =>
                {
                    Self::Unavailable(error)
                }
                _ => Self::Failed(error),
            };
        };
        match code.as_str() {
            // The routines' own states (migration/src/sql/routines), each a fact of the domain.
            "IGSES" => Self::Unauthenticated,
            "IGREU" => Self::Reused,
            "IGSUP" => Self::StepUpRequired,
            "IGNFD" => Self::NotFound,
            "IGCUR" => Self::ForeignCursor,
            "IGGRT" => Self::GrantRequired,
            "IGADM" => Self::Forbidden,
            "IGLAD" => Self::LastAdmin,
            "23503" | "23505" | "23514" => Self::Conflict(constraint.unwrap_or(code)),
            "42501" => Self::Refused(error),
            _ if is_transient(&code) => Self::Unavailable(error),
            _ => Self::Failed(error),
        }
    }
}

/// Whether the same statement may succeed later, by the classes of Postgres (Appendix A of its
/// manual) and some states of classes that are permanent otherwise.
fn is_transient(state: &str) -> bool {
    // Connections; resources such as disk space and connections; operators; the system, such as I/O.
    const CLASSES: [&str; 4] = ["08", "53", "57P", "58"];
    // A cancelled statement, a lock timeout, an idle transaction, a read-only server, a serialization
    // failure, a deadlock.
    const STATES: [&str; 6] = ["57014", "55P03", "25P03", "25006", "40001", "40P01"];
    CLASSES.iter().any(|class| state.starts_with(class)) || STATES.contains(&state)
}

/// Whether it is the connection that failed. Anything else of the client's own, such as a row that
/// does not fit its type, fails again however often it is tried.
const fn is_cut_off(error: &SqlxError) -> bool {
    matches!(
        error,
        SqlxError::Io(_)
            | SqlxError::Tls(_)
            | SqlxError::Protocol(_)
            | SqlxError::PoolTimedOut
            | SqlxError::PoolClosed
            | SqlxError::WorkerCrashed
            | SqlxError::BeginFailed
    )
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

/// The SQLSTATE, where the server itself said no.
pub(crate) fn state_of(error: &DbErr) -> Option<String> {
    sql_state(error).map(|(code, _)| code)
}

#[cfg(test)]
mod tests {
    //! What passes by itself is told from what does not.

    use std::io;

    use sea_orm::ConnAcquireErr;

    use super::*;

    fn judged(error: SqlxError) -> [StoreError; 2] {
        let error = RuntimeErr::SqlxError(error.into());
        [DbErr::Query(error.clone()), DbErr::Exec(error)].map(StoreError::from)
    }

    #[test]
    fn a_connection_that_fails_may_be_tried_again() {
        for error in [
            SqlxError::Io(io::ErrorKind::ConnectionReset.into()),
            SqlxError::Tls("no".into()),
            SqlxError::Protocol("expected to read 5 bytes, got 0 bytes at EOF".to_owned()),
            SqlxError::PoolTimedOut,
            SqlxError::PoolClosed,
            SqlxError::WorkerCrashed,
            SqlxError::BeginFailed,
        ] {
            let told = error.to_string();
            let [queried, executed] = judged(error);
            assert!(matches!(queried, StoreError::Unavailable(_)), "{told}");
            assert!(matches!(executed, StoreError::Unavailable(_)), "{told}");
        }
        let busy = DbErr::ConnectionAcquire(ConnAcquireErr::Timeout);
        assert!(matches!(StoreError::from(busy), StoreError::Unavailable(_)));
    }

    #[test]
    fn a_row_that_does_not_fit_is_not_tried_for_ever() {
        for error in [
            SqlxError::ColumnDecode { index: "seq".to_owned(), source: "too large".into() },
            SqlxError::Decode("not UTF-8".into()),
            SqlxError::Encode("too long".into()),
            SqlxError::ColumnNotFound("seq".to_owned()),
            SqlxError::ColumnIndexOutOfBounds { index: 3, len: 2 },
            SqlxError::TypeNotFound { type_name: "message_kind".to_owned() },
            SqlxError::RowNotFound,
            SqlxError::InvalidArgument("a parameter too many".to_owned()),
            SqlxError::Configuration("no host".into()),
        ] {
            let told = error.to_string();
            let [queried, executed] = judged(error);
            assert!(matches!(queried, StoreError::Failed(_)), "{told}");
            assert!(matches!(executed, StoreError::Failed(_)), "{told}");
        }
        let untyped = DbErr::Type("not a number".to_owned());
        assert!(matches!(StoreError::from(untyped), StoreError::Failed(_)));
    }
}
