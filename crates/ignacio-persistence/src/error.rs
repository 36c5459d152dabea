//! The errors of the database, by what the caller can do about them.

use sea_orm::{DbErr, RuntimeErr, SqlxError};
use thiserror::Error;

/// Why a repository could not do what it was asked to.
#[derive(Debug, Error)]
pub enum StoreError {
    /// No live session has this digest.
    #[error("no live session")]
    Unauthenticated,
    /// The token was replaced more than a minute ago; its session must be revoked.
    #[error("the token was replaced")]
    Reused,
    /// The session has not verified a code lately.
    #[error("a fresh code is needed")]
    StepUpRequired,
    /// The row does not exist, or is another user's. Only reads of one round trip return this.
    #[error("no such row")]
    NotFound,
    /// The session is not an admin's.
    #[error("not an admin")]
    Forbidden,
    /// The admin has no live grant to read this, or there is nothing to read.
    #[error("no live grant")]
    GrantRequired,
    /// Admins cannot manage themselves.
    #[error("the admin's own user")]
    OwnAccount,
    /// One active admin must remain.
    #[error("the last active admin")]
    LastAdmin,
    /// The cursor was issued to another user.
    #[error("the cursor of another user")]
    ForeignCursor,
    /// A constraint of the schema rejected it; contains the constraint's name.
    #[error("in conflict with {0}")]
    Conflict(String),
    /// A policy or a missing right rejected it: a bug of ours.
    #[error("the database refused")]
    Refused(#[source] DbErr),
    /// The database did not answer in time, or not at all.
    #[error("the database is unavailable")]
    Unavailable(#[source] DbErr),
    /// A stored value that our own rules do not allow.
    #[error("a stored value is invalid: {table}.{column}")]
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

/// The SQLSTATE and the constraint's name, if the server itself rejected it.
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

/// The SQLSTATE, if the server itself rejected it.
pub(crate) fn state_of(error: &DbErr) -> Option<String> {
    sql_state(error).map(|(code, _)| code)
}

#[cfg(test)]
mod tests {
    //! Transient errors are distinguished from permanent ones.

    use std::io;

    use sea_orm::ConnAcquireErr;

    use super::*;

    fn converted(error: SqlxError) -> [StoreError; 2] {
        let error = RuntimeErr::SqlxError(error.into());
        [DbErr::Query(error.clone()), DbErr::Exec(error)].map(StoreError::from)
    }

    #[test]
    fn connection_errors_are_transient() {
        for error in [
            SqlxError::Io(io::ErrorKind::ConnectionReset.into()),
            SqlxError::Tls("no".into()),
            SqlxError::Protocol("expected to read 5 bytes, got 0 bytes at EOF".to_owned()),
            SqlxError::PoolTimedOut,
            SqlxError::PoolClosed,
            SqlxError::WorkerCrashed,
            SqlxError::BeginFailed,
        ] {
            let text = error.to_string();
            let [queried, executed] = converted(error);
            assert!(matches!(queried, StoreError::Unavailable(_)), "{text}");
            assert!(matches!(executed, StoreError::Unavailable(_)), "{text}");
        }
        let busy = DbErr::ConnectionAcquire(ConnAcquireErr::Timeout);
        assert!(matches!(StoreError::from(busy), StoreError::Unavailable(_)));
    }

    #[test]
    fn errors_of_the_client_itself_are_permanent() {
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
            let text = error.to_string();
            let [queried, executed] = converted(error);
            assert!(matches!(queried, StoreError::Failed(_)), "{text}");
            assert!(matches!(executed, StoreError::Failed(_)), "{text}");
        }
        let untyped = DbErr::Type("not a number".to_owned());
        assert!(matches!(StoreError::from(untyped), StoreError::Failed(_)));
    }
}
