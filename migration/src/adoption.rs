//! Taking over a database on which somebody ran the old system's SQL by hand.
//!
//! The old tables step aside into the schema `legacy`, the migrations run on an empty `public` as
//! for a fresh database, and the rows are carried over. All of it happens in the one transaction of
//! the migration. The scripts are numbered in the order in which they run.

use sea_orm::{ConnectionTrait as _, DatabaseTransaction, DbErr, QueryResult, raw_sql};

use crate::error::MigrateError;
use crate::report::{Adoption, TableCount};
use crate::run::{become_owner, become_whoever_connected};

/// The tables of the old system.
const TABLES: [&str; 6] =
    ["users", "conversations", "messages", "user_files", "user_sessions", "otp_codes"];

const SET_ASIDE: &str = include_str!("sql/adoption/1_set_aside.sql");
const PREPARE: &str = include_str!("sql/adoption/2_prepare.sql");
const COPY: [(&str, &str); 4] = [
    ("users", include_str!("sql/adoption/3_users.sql")),
    ("conversations", include_str!("sql/adoption/4_conversations.sql")),
    ("messages", include_str!("sql/adoption/5_messages.sql")),
    ("user_files", include_str!("sql/adoption/6_user_files.sql")),
];
const SETTLE: &str = include_str!("sql/adoption/7_settle.sql");
const TIDY: &str = include_str!("sql/adoption/8_tidy.sql");
const CLOSE: &str = include_str!("sql/adoption/9_close.sql");

/// An old table as the catalogue shows it.
struct OldTable {
    name: String,
    owner: String,
    is_table: bool,
    is_ours_to_change: bool,
    has_key: bool,
}

/// Puts the tables of the old system out of the way; false where there are none. Leaves the
/// transaction acting as the owner.
pub(crate) async fn set_aside(txn: &DatabaseTransaction) -> Result<bool, MigrateError> {
    let tables = find(txn).await?;
    if tables.is_empty() {
        return Ok(false);
    }
    become_whoever_connected(txn).await?;
    refuse_what_we_cannot_take(txn, &tables).await?;
    let names: Vec<String> = tables.iter().map(|it| format!("public.{}", it.name)).collect();
    let lock = format!("lock table {} in access exclusive mode", names.join(", "));
    txn.execute_unprepared(&lock).await?;
    become_owner(txn).await?;
    txn.execute_unprepared("create schema legacy").await?;
    let lend = "do $$ begin
        execute pg_catalog.format('grant usage, create on schema legacy to %I', session_user);
    end $$";
    txn.execute_unprepared(lend).await?;
    become_whoever_connected(txn).await?;
    run(txn, "the old tables", SET_ASIDE).await?;
    become_owner(txn).await?;
    Ok(true)
}

/// Carries the rows over into the migrated schema. `tell` hears of each table.
pub(crate) async fn carry_over(
    txn: &DatabaseTransaction,
    tell: &(dyn Fn(&str) + Sync),
) -> Result<Adoption, MigrateError> {
    run(txn, "the old tables", PREPARE).await?;
    for (table, script) in COPY {
        tell(table);
        run(txn, &format!("public.{table}"), script).await?;
    }
    run(txn, "the old tables", SETTLE).await?;
    let lend = "do $$ begin
        execute pg_catalog.format('grant select on legacy.adoption_types to %I', session_user);
        execute pg_catalog.format('grant insert on legacy.adoption_report to %I', session_user);
    end $$";
    txn.execute_unprepared(lend).await?;
    become_whoever_connected(txn).await?;
    txn.execute_unprepared(TIDY).await?;
    become_owner(txn).await?;
    let adoption = read(txn).await?;
    txn.execute_unprepared(CLOSE).await?;
    Ok(adoption)
}

/// Runs a script that works on these old tables.
async fn run(txn: &DatabaseTransaction, tables: &str, script: &str) -> Result<(), MigrateError> {
    let done = txn.execute_unprepared(script).await;
    done.map(|_| ()).map_err(|error| MigrateError::about(tables, error))
}

async fn find(txn: &DatabaseTransaction) -> Result<Vec<OldTable>, DbErr> {
    let names: Vec<String> = TABLES.iter().map(|it| (*it).to_owned()).collect();
    txn.query_all_raw(raw_sql!(
        Postgres,
        "select c.relname::text as name, pg_get_userbyid(c.relowner)::text as owner,
                c.relkind in ('r', 'p') as is_table,
                pg_has_role(session_user, c.relowner, 'usage') as is_ours_to_change,
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
            is_ours_to_change: row.try_get("", "is_ours_to_change")?,
            has_key: row.try_get("", "has_key")?,
        })
    })
    .collect()
}

async fn refuse_what_we_cannot_take(
    txn: &DatabaseTransaction,
    tables: &[OldTable],
) -> Result<(), MigrateError> {
    let refuse = |what: String| Err(MigrateError::NotAdoptable(what));
    if let Some(it) = tables.iter().find(|it| !it.is_table) {
        return refuse(format!("public.{} is no table; rename it or drop it", it.name));
    }
    let strange: Vec<String> = tables
        .iter()
        .filter(|it| !it.is_ours_to_change)
        .map(|it| format!("public.{} belongs to {}", it.name, it.owner))
        .collect();
    if !strange.is_empty() {
        return refuse(format!(
            "{}; migrate as that role or as a superuser, or give the tables to the role in the URL with `alter table … owner to …`",
            strange.join(", ")
        ));
    }
    if let Some(it) = tables.iter().find(|it| !it.has_key) {
        return refuse(format!(
            "public.{} has no column `id` of type uuid that is its key; rename the table if it is of another program",
            it.name
        ));
    }
    let taken = raw_sql!(Postgres, "select to_regnamespace('legacy') is not null as it");
    let row = txn.query_one_raw(taken).await?;
    if row.map_or(Ok(false), |row| row.try_get("", "it"))? {
        return refuse(
            "the schema `legacy`, where they are put aside, is there already; rename it".to_owned(),
        );
    }
    Ok(())
}

async fn read(txn: &DatabaseTransaction) -> Result<Adoption, DbErr> {
    let tables = txn
        .query_all_raw(raw_sql!(
            Postgres,
            "select table_name, found, kept, merged, left_over, destroyed
               from legacy.adoption_counts order by created_at, ctid"
        ))
        .await?
        .iter()
        .map(table_count)
        .collect::<Result<_, _>>()?;
    let notices = txn
        .query_all_raw(raw_sql!(
            Postgres,
            "select table_name, what, row_id::text as row_id from legacy.adoption_report order by id"
        ))
        .await?
        .iter()
        .map(|row| {
            Ok((row.try_get("", "table_name")?, row.try_get("", "what")?, row.try_get("", "row_id")?))
        })
        .collect::<Result<_, DbErr>>()?;
    Ok(Adoption { tables, notices: Adoption::gather(notices) })
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
