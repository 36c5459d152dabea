//! The import of a database on which the old system's SQL was run by hand.
//!
//! The old tables are moved into the schema `legacy`, the numbered migrations run on an empty
//! `public` as for a fresh database, and the rows are copied. All of it happens in the one
//! transaction of the migration. The scripts are numbered in the order in which they run.

pub(crate) mod report;

use sea_orm::{ConnectionTrait as _, DatabaseTransaction, DbErr, QueryResult, raw_sql};

use crate::error::MigrateError;
use crate::roles::{act_as_connected_role, act_as_owner};
use report::{LegacyImport, TableCount};

/// The tables of the old system.
const TABLES: [&str; 6] =
    ["users", "conversations", "messages", "user_files", "user_sessions", "otp_codes"];

const SET_ASIDE: &str = include_str!("sql/legacy_import/1_set_aside.sql");
const PREPARE: &str = include_str!("sql/legacy_import/2_prepare.sql");
const COPY: [(&str, &str); 4] = [
    ("users", include_str!("sql/legacy_import/3_users.sql")),
    ("conversations", include_str!("sql/legacy_import/4_conversations.sql")),
    ("messages", include_str!("sql/legacy_import/5_messages.sql")),
    ("user_files", include_str!("sql/legacy_import/6_user_files.sql")),
];
const REMOVE_IMPORTED: &str = include_str!("sql/legacy_import/7_remove_imported.sql");
const DROP_OLD_TYPES: &str = include_str!("sql/legacy_import/8_drop_old_types.sql");
const CLOSE_OTHER_TABLES: &str = include_str!("sql/legacy_import/9_close_other_tables.sql");
const LOCK_DOWN: &str = include_str!("sql/legacy_import/10_lock_down.sql");

/// An old table, as the catalogue describes it.
struct OldTable {
    name: String,
    owner: String,
    is_table: bool,
    may_change: bool,
    has_key: bool,
}

/// Moves the tables of the old system out of the way; false if there are none. Leaves the
/// transaction acting as the owner.
pub(crate) async fn set_aside(txn: &DatabaseTransaction) -> Result<bool, MigrateError> {
    let tables = find(txn).await?;
    if tables.is_empty() {
        return Ok(false);
    }
    act_as_connected_role(txn).await?;
    reject_unusable_tables(txn, &tables).await?;
    let names: Vec<String> = tables.iter().map(|table| format!("public.{}", table.name)).collect();
    let lock = format!("lock table {} in access exclusive mode", names.join(", "));
    txn.execute_unprepared(&lock).await?;
    act_as_owner(txn).await?;
    txn.execute_unprepared("create schema legacy").await?;
    let grant = "do $$ begin
        execute pg_catalog.format('grant usage, create on schema legacy to %I', session_user);
    end $$";
    txn.execute_unprepared(grant).await?;
    act_as_connected_role(txn).await?;
    run(txn, "the old tables", SET_ASIDE).await?;
    act_as_owner(txn).await?;
    Ok(true)
}

/// Copies the rows into the new tables. Calls `on_table` before each one.
pub(crate) async fn copy(
    txn: &DatabaseTransaction,
    on_table: &(dyn Fn(&str) + Sync),
) -> Result<LegacyImport, MigrateError> {
    run(txn, "the old tables", PREPARE).await?;
    for (table, script) in COPY {
        on_table(table);
        run(txn, &format!("public.{table}"), script).await?;
    }
    run(txn, "the old tables", REMOVE_IMPORTED).await?;
    let grant = "do $$ begin
        execute pg_catalog.format('grant select on legacy.import_types to %I', session_user);
        execute pg_catalog.format('grant insert on legacy.import_report to %I', session_user);
    end $$";
    txn.execute_unprepared(grant).await?;
    act_as_connected_role(txn).await?;
    txn.execute_unprepared(DROP_OLD_TYPES).await?;
    txn.execute_unprepared(CLOSE_OTHER_TABLES).await?;
    act_as_owner(txn).await?;
    let import = read_report(txn).await?;
    txn.execute_unprepared(LOCK_DOWN).await?;
    Ok(import)
}

/// Runs a script on these old tables.
async fn run(txn: &DatabaseTransaction, tables: &str, script: &str) -> Result<(), MigrateError> {
    let executed = txn.execute_unprepared(script).await;
    executed.map(|_| ()).map_err(|error| MigrateError::of_legacy(tables, error))
}

async fn find(txn: &DatabaseTransaction) -> Result<Vec<OldTable>, DbErr> {
    let names: Vec<String> = TABLES.iter().map(|name| (*name).to_owned()).collect();
    txn.query_all_raw(raw_sql!(
        Postgres,
        "select c.relname::text as name, pg_get_userbyid(c.relowner)::text as owner,
                c.relkind in ('r', 'p') as is_table,
                pg_has_role(session_user, c.relowner, 'usage') as may_change,
                exists (
                    select 1 from pg_attribute a join pg_index i on i.indrelid = a.attrelid
                     where a.attrelid = c.oid and a.attname = 'id'
                       and a.atttypid = 'uuid'::regtype and a.attnotnull
                       and i.indisunique and i.indisvalid and i.indpred is null
                       and i.indnkeyatts = 1 and i.indkey[0] = a.attnum) as has_key
           from pg_class c
          where c.relnamespace = to_regnamespace('public') and c.relname = any({names})
            and c.relkind in ('r', 'p', 'v', 'm', 'f')
          order by 1"
    ))
    .await?
    .iter()
    .map(|row| {
        Ok(OldTable {
            name: row.try_get("", "name")?,
            owner: row.try_get("", "owner")?,
            is_table: row.try_get("", "is_table")?,
            may_change: row.try_get("", "may_change")?,
            has_key: row.try_get("", "has_key")?,
        })
    })
    .collect()
}

async fn reject_unusable_tables(
    txn: &DatabaseTransaction,
    tables: &[OldTable],
) -> Result<(), MigrateError> {
    let reject = |reason: String| Err(MigrateError::NotImportable(reason));
    if let Some(table) = tables.iter().find(|table| !table.is_table) {
        return reject(format!("public.{} is not a table: rename it or drop it", table.name));
    }
    let not_ours: Vec<String> = tables
        .iter()
        .filter(|table| !table.may_change)
        .map(|table| format!("public.{} belongs to {}", table.name, table.owner))
        .collect();
    if !not_ours.is_empty() {
        return reject(format!(
            "{}; migrate as that role or as a superuser, or give the tables to the role in the URL with `alter table … owner to …`",
            not_ours.join(", ")
        ));
    }
    if let Some(table) = tables.iter().find(|table| !table.has_key) {
        return reject(format!(
            "public.{} has no key column `id` of type uuid: rename the table if it belongs to another program",
            table.name
        ));
    }
    let taken = raw_sql!(Postgres, "select to_regnamespace('legacy') is not null as is_taken");
    let row = txn.query_one_raw(taken).await?;
    if row.map_or(Ok(false), |row| row.try_get("", "is_taken"))? {
        return reject(
            "the schema `legacy`, into which the old tables move, exists: rename it".to_owned(),
        );
    }
    Ok(())
}

async fn read_report(txn: &DatabaseTransaction) -> Result<LegacyImport, DbErr> {
    let tables = txn
        .query_all_raw(raw_sql!(
            Postgres,
            "select table_name, found, kept, merged, left_over, destroyed
               from legacy.import_counts order by created_at, ctid"
        ))
        .await?
        .iter()
        .map(table_count)
        .collect::<Result<_, _>>()?;
    let notices = txn
        .query_all_raw(raw_sql!(
            Postgres,
            "select table_name, what, row_id::text as row_id from legacy.import_report order by id"
        ))
        .await?
        .iter()
        .map(|row| {
            Ok((
                row.try_get("", "table_name")?,
                row.try_get("", "what")?,
                row.try_get("", "row_id")?,
            ))
        })
        .collect::<Result<_, DbErr>>()?;
    Ok(LegacyImport { tables, notices: LegacyImport::group(notices) })
}

fn table_count(row: &QueryResult) -> Result<TableCount, DbErr> {
    Ok(TableCount {
        table: row.try_get("", "table_name")?,
        found: row.try_get("", "found")?,
        kept: row.try_get("", "kept")?,
        merged: row.try_get("", "merged")?,
        left_over: row.try_get("", "left_over")?,
        destroyed: row.try_get("", "destroyed")?,
    })
}
