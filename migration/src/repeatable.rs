//! The repeatable scripts: views, routines, triggers and policies.
//!
//! Each file under `sql/views`, `sql/routines`, `sql/triggers` and `sql/policies` holds the current
//! text of one object, or of what belongs to one table. The database keeps a digest of each script
//! that was applied; a script whose text has changed is applied again, after the numbered
//! migrations and in the same transaction.

mod list;

use std::fmt::{Display, Formatter};

use sea_orm::{
    ConnectionTrait as _, DatabaseBackend, DatabaseTransaction, DbErr, QueryResult, Statement,
    TransactionTrait as _, raw_sql,
};

use crate::error::MigrateError;
use crate::roles::act_as_owner;
use list::SCRIPTS;

/// How a script and the database differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The database does not have it yet.
    New,
    /// The database has another text of it.
    Changed,
    /// The database has it, and this program does not.
    Removed,
}

/// A repeatable script that differs from what was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptChange {
    /// Such as `routines/list_messages`.
    pub name: String,
    /// In what way.
    pub difference: Difference,
}

impl Display for ScriptChange {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let difference = match self.difference {
            Difference::New => "new",
            Difference::Changed => "changed",
            Difference::Removed => "removed",
        };
        write!(f, "{}.sql ({difference})", self.name)
    }
}

/// A script and its text.
pub(crate) struct RepeatableScript {
    name: &'static str,
    text: &'static str,
}

/// Lists, as statements, what drops or clears the objects of scripts.
const OBJECTS: &str = include_str!("repeatable/objects.sql");

/// The access to the migrator's own two tables, which it needs while everything else is dropped.
const OWN_ACCESS: [&str; 2] = ["policies/repeatable_scripts", "policies/seaql_migrations"];

/// What Postgres says when an object cannot be replaced in place: another result type, another
/// column of a view, or something that depends on what is to be dropped.
const NOT_REPLACEABLE: [&str; 3] = ["42P13", "42P16", "2BP01"];

/// The scripts that differ from what was applied.
pub(crate) async fn changes(txn: &DatabaseTransaction) -> Result<Vec<ScriptChange>, DbErr> {
    if !has_digests(txn).await? {
        let all = SCRIPTS.iter().map(|script| script.name.to_owned());
        return Ok(all.map(|name| ScriptChange { name, difference: Difference::New }).collect());
    }
    let (names, texts) = columns(|_| true);
    txn.query_all_raw(raw_sql!(
        Postgres,
        "select coalesce(ours.name, applied.name) as name,
                ours.name is null as is_removed, applied.name is null as is_new
           from unnest({names}::text[], {texts}::text[]) as ours (name, text)
           full join public.repeatable_scripts applied on applied.name = ours.name
          where applied.digest is distinct from sha256(convert_to(ours.text, 'UTF8'))
          order by name"
    ))
    .await?
    .iter()
    .map(change)
    .collect()
}

fn change(row: &QueryResult) -> Result<ScriptChange, DbErr> {
    let difference = if row.try_get("", "is_removed")? {
        Difference::Removed
    } else if row.try_get("", "is_new")? {
        Difference::New
    } else {
        Difference::Changed
    };
    Ok(ScriptChange { name: row.try_get("", "name")?, difference })
}

/// Drops every view, routine, trigger and policy of ours, and revokes what was granted on the
/// tables: numbered migrations may then change any table. Row level security stays in force.
pub(crate) async fn drop_all(txn: &DatabaseTransaction) -> Result<(), DbErr> {
    let statements = statements(txn, "drop", None).await?;
    txn.execute_unprepared(&statements).await.map(|_| ())
}

/// As [`drop_all`], and forgets what was applied.
pub(crate) async fn remove_all(txn: &DatabaseTransaction) -> Result<(), DbErr> {
    drop_all(txn).await?;
    if has_digests(txn).await? {
        txn.execute_unprepared("delete from public.repeatable_scripts").await?;
    }
    Ok(())
}

/// Applies every script, after [`drop_all`].
pub(crate) async fn apply_all(txn: &DatabaseTransaction) -> Result<Vec<ScriptChange>, DbErr> {
    let changes = changes(txn).await?;
    run(txn, |_| true).await?;
    record(txn, &changes).await?;
    Ok(changes)
}

/// Applies the scripts that changed. They replace their objects in place, which locks no table
/// unless its own policies or triggers changed. Where that is impossible, everything is dropped and
/// created again.
pub(crate) async fn apply_changed(
    txn: &DatabaseTransaction,
) -> Result<Vec<ScriptChange>, MigrateError> {
    let changes = changes(txn).await?;
    if changes.is_empty() {
        return Ok(changes);
    }
    let savepoint = txn.begin().await?;
    match replace(&savepoint, &changes).await {
        Ok(true) => savepoint.commit().await?,
        Ok(false) => rebuild(txn, savepoint).await?,
        Err(error) if is_not_replaceable(&error) => rebuild(txn, savepoint).await?,
        Err(error) => return Err(error.into()),
    }
    record(txn, &changes).await?;
    Ok(changes)
}

fn is_not_replaceable(error: &DbErr) -> bool {
    crate::error::sql_state(error).is_some_and(|state| NOT_REPLACEABLE.contains(&state.as_str()))
}

async fn rebuild(txn: &DatabaseTransaction, savepoint: DatabaseTransaction) -> Result<(), DbErr> {
    savepoint.rollback().await?;
    drop_all(txn).await?;
    run(txn, |_| true).await
}

/// Replaces objects in place; false if an older version of a routine remains next to the new one,
/// because it takes other arguments.
async fn replace(txn: &DatabaseTransaction, changes: &[ScriptChange]) -> Result<bool, DbErr> {
    let removed = changes.iter().filter(|it| it.difference == Difference::Removed);
    let removed: Vec<String> = removed.map(|change| change.name.clone()).collect();
    let statements = statements(txn, "drop", Some(removed)).await?;
    txn.execute_unprepared(&statements).await?;
    run(txn, |name| changes.iter().any(|change| change.name == name)).await?;
    let overloaded = txn
        .query_one_raw(raw_sql!(
            Postgres,
            "select exists (
                 select 1 from pg_proc where pronamespace = 'app'::regnamespace
                  group by proname having count(*) > 1) as is_overloaded"
        ))
        .await?;
    overloaded.map_or(Ok(true), |row| row.try_get("", "is_overloaded").map(|it: bool| !it))
}

/// Runs scripts, each after what an older text of it left: policies, triggers and grants.
async fn run(txn: &DatabaseTransaction, is_wanted: impl Fn(&str) -> bool) -> Result<(), DbErr> {
    txn.execute_unprepared("grant create on schema app to ignacio_definer").await?;
    for script in SCRIPTS.iter().filter(|script| is_wanted(script.name)) {
        let clear = statements(txn, "replace", Some(vec![script.name.to_owned()])).await?;
        txn.execute_unprepared(&clear).await?;
        txn.execute_unprepared(script.text).await?;
        act_as_owner(txn).await?;
    }
    txn.execute_unprepared("revoke create on schema app from ignacio_definer").await.map(|_| ())
}

/// The statements that `drop` the objects of these scripts, or clear them before a script is run
/// again (`replace`). Without names: of all scripts, except for the migrator's own access.
async fn statements(
    txn: &DatabaseTransaction,
    purpose: &str,
    names: Option<Vec<String>>,
) -> Result<String, DbErr> {
    let own_access: Vec<String> = OWN_ACCESS.iter().map(|name| (*name).to_owned()).collect();
    let read = Statement::from_sql_and_values(
        DatabaseBackend::Postgres,
        OBJECTS,
        [purpose.into(), names.into(), own_access.into()],
    );
    let rows = txn.query_all_raw(read).await?;
    let statements = rows.iter().map(|row| row.try_get("", "statement"));
    Ok(statements.collect::<Result<Vec<String>, DbErr>>()?.join(";\n"))
}

async fn record(txn: &DatabaseTransaction, changes: &[ScriptChange]) -> Result<(), DbErr> {
    let changed: Vec<String> = changes.iter().map(|change| change.name.clone()).collect();
    let (names, texts) = columns(|name| changes.iter().any(|change| change.name == name));
    txn.execute_raw(raw_sql!(
        Postgres,
        "delete from public.repeatable_scripts where name = any({changed})"
    ))
    .await?;
    txn.execute_raw(raw_sql!(
        Postgres,
        "insert into public.repeatable_scripts (name, digest)
         select ours.name, sha256(convert_to(ours.text, 'UTF8'))
           from unnest({names}::text[], {texts}::text[]) as ours (name, text)"
    ))
    .await
    .map(|_| ())
}

/// The names and texts of scripts, as two arrays.
fn columns(is_wanted: impl Fn(&str) -> bool) -> (Vec<String>, Vec<String>) {
    let wanted = SCRIPTS.iter().filter(|script| is_wanted(script.name));
    wanted.map(|script| (script.name.to_owned(), script.text.to_owned())).unzip()
}

async fn has_digests(txn: &DatabaseTransaction) -> Result<bool, DbErr> {
    let row = txn
        .query_one_raw(raw_sql!(
            Postgres,
            "select exists (
                 select 1 from pg_class
                  where relnamespace = to_regnamespace('public')
                    and relname = 'repeatable_scripts' and relkind = 'r') as is_there"
        ))
        .await?;
    row.map_or(Ok(false), |row| row.try_get("", "is_there"))
}
