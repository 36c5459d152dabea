//! What must not be in a database before it is migrated.

use sea_orm::{ConnectionTrait as _, DatabaseTransaction, DbErr, QueryResult, raw_sql};

use crate::error::MigrateError;
use crate::migrations::{FIRST, MIGRATIONS};

/// Rejects functions and operators in `public` with the name of one of Postgres' own: if their
/// arguments fit better, they run instead of it, with the rights of the role that migrates.
pub(crate) async fn reject_shadowing_objects(
    txn: &DatabaseTransaction,
) -> Result<(), MigrateError> {
    let found = names(
        &txn.query_all_raw(raw_sql!(
            Postgres,
            "select 'function ' || p.oid::regprocedure::text as name
               from pg_proc p
              where p.pronamespace = to_regnamespace('public')
                and exists (select 1 from pg_proc b where b.proname = p.proname
                               and b.pronamespace = 'pg_catalog'::regnamespace)
                and not exists (select 1 from pg_depend d where d.classid = 'pg_proc'::regclass
                                   and d.objid = p.oid and d.deptype = 'e')
             union all
             select 'operator ' || o.oid::regoperator::text
               from pg_operator o
              where o.oprnamespace = to_regnamespace('public')
                and exists (select 1 from pg_operator b where b.oprname = o.oprname
                               and b.oprnamespace = 'pg_catalog'::regnamespace)
                and not exists (select 1 from pg_depend d where d.classid = 'pg_operator'::regclass
                                   and d.objid = o.oid and d.deptype = 'e')
              order by 1"
        ))
        .await?,
    )?;
    if found.is_empty() {
        return Ok(());
    }
    Err(MigrateError::NotImportable(format!(
        "in the schema public, {} can run in place of Postgres' own; drop or rename them",
        found.join(", ")
    )))
}

/// Rejects objects that have the name of one that a pending migration creates; `applied` are the
/// migrations in the log.
pub(crate) async fn reject_foreign_objects(
    txn: &DatabaseTransaction,
    applied: &[String],
) -> Result<(), MigrateError> {
    let is_pending = |name: &str| applied.iter().all(|applied| applied != name);
    let ours: Vec<String> = MIGRATIONS
        .iter()
        .filter(|migration| is_pending(migration.name))
        .flat_map(|migration| migration.new_tables.iter().map(|table| (*table).to_owned()))
        .collect();
    let mut found = names(
        &txn.query_all_raw(raw_sql!(
            Postgres,
            "select 'public.' || name as name from (
                 select relname::text as name from pg_class
                  where relnamespace = to_regnamespace('public')
                 union
                 select typname::text from pg_type
                  where typnamespace = to_regnamespace('public')) taken
              where name = any({ours}) order by 1"
        ))
        .await?,
    )?;
    if is_pending(FIRST) {
        let schema = raw_sql!(
            Postgres,
            "select 'the schema app' as name from pg_namespace
              where nspname = 'app' and pg_get_userbyid(nspowner) <> 'ignacio_owner'"
        );
        found.extend(names(&txn.query_all_raw(schema).await?)?);
    }
    if found.is_empty() {
        return Ok(());
    }
    Err(MigrateError::NotImportable(format!(
        "{} exists, and no migration created it: rename it or drop it",
        found.join(", ")
    )))
}

fn names(rows: &[QueryResult]) -> Result<Vec<String>, DbErr> {
    rows.iter().map(|row| row.try_get("", "name")).collect()
}
