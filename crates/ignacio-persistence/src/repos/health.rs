//! Whether the database answers, and whether it has the schema that the program expects.

use sea_orm::{ConnectionTrait as _, DatabaseConnection, raw_sql};

use crate::error::StoreError;

/// Checks that the database answers.
pub(crate) async fn ping(db: &DatabaseConnection) -> Result<(), StoreError> {
    db.execute_raw(raw_sql!(Postgres, "select 1")).await?;
    Ok(())
}

/// Those of the given migrations that the database does not have.
pub(crate) async fn pending_migrations(
    db: &DatabaseConnection,
    known: &[String],
) -> Result<Vec<String>, StoreError> {
    let read = raw_sql!(Postgres, "select version from seaql_migrations");
    let applied: Vec<String> = match db.query_all_raw(read).await {
        Ok(rows) => rows.iter().map(|row| row.try_get("", "version")).collect::<Result<_, _>>()?,
        // A database that was never migrated has neither the table nor a role that may read it.
        Err(error) => match StoreError::from(error) {
            StoreError::Refused(_) | StoreError::Failed(_) => Vec::new(),
            other => return Err(other),
        },
    };
    Ok(known.iter().filter(|name| !applied.contains(name)).cloned().collect())
}
