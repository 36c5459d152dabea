//! Applying, undoing and listing the migrations.

use std::time::Duration;

use sea_orm::{
    ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, DatabaseTransaction, DbErr,
    TransactionTrait as _, raw_sql,
};
use sea_orm_migration::MigratorTrait as _;
use secrecy::{ExposeSecret, SecretString};

use crate::error::MigrateError;
use crate::legacy_import::{self, report::LegacyImport};
use crate::migrations::{FIRST, Migrator, names};
use crate::repeatable::{self, ScriptChange};
use crate::roles::{self, RolePasswords, SAFE_SEARCH_PATH, act_as_owner};
use crate::{guard, server_version};

/// The advisory lock that a migrator holds; the others wait for it.
const LOCK_KEY: i64 = 0x1647_ac10;
/// How long a server may take to answer the first time; a refused connection is retried until then.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How often setting up the roles is tried while another database of the same server is migrated.
const ATTEMPTS: u32 = 10;

/// A numbered migration and whether this database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationStatus {
    /// Such as `001_initial_schema`.
    pub name: String,
    /// Whether it is applied.
    pub applied: bool,
}

/// How a database compares with this program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Every numbered migration, in order.
    pub migrations: Vec<MigrationStatus>,
    /// The repeatable scripts that differ from what was applied.
    pub scripts: Vec<ScriptChange>,
}

/// What was applied, or would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The numbered migrations, in their order.
    pub names: Vec<String>,
    /// The repeatable scripts that differed.
    pub scripts: Vec<ScriptChange>,
    /// What became of the old system's tables, if there were any.
    pub legacy_import: Option<LegacyImport>,
}

impl Applied {
    /// The report as text: what was imported, then the migrations and scripts, one per line.
    pub fn lines(&self) -> Vec<String> {
        let import = self.legacy_import.iter().flat_map(LegacyImport::lines);
        let scripts = self.scripts.iter().map(ToString::to_string);
        import.chain(self.names.iter().cloned()).chain(scripts).collect()
    }
}

impl Status {
    /// The status as text: every migration, then the scripts that differ, one per line.
    pub fn lines(&self) -> Vec<String> {
        let width = self.migrations.iter().map(|migration| migration.name.len()).max().unwrap_or(0);
        let migrations = self.migrations.iter().map(|migration| {
            let state = if migration.applied { "applied" } else { "pending" };
            format!("{:<width$}  {state}", migration.name)
        });
        migrations.chain(self.scripts.iter().map(ToString::to_string)).collect()
    }
}

/// Creates the roles, sets their passwords, imports what the old system left, and applies what is
/// pending, all in one transaction under an advisory lock. Nothing pending is no error.
///
/// `url` connects as a superuser, or as a role that owns the database and has CREATEROLE.
pub async fn apply(url: &SecretString, passwords: &RolePasswords) -> Result<Applied, MigrateError> {
    apply_with_progress(url, passwords, &|_| ()).await
}

/// As [`apply`]; calls `on_table` with the name of each old table before its rows are imported.
pub async fn apply_with_progress(
    url: &SecretString,
    passwords: &RolePasswords,
    on_table: &(dyn Fn(&str) + Sync),
) -> Result<Applied, MigrateError> {
    migrate(url, passwords, on_table, Ending::Commit).await
}

/// Does the same as [`apply`] and rolls it back, to report what it would do. It holds the same
/// locks while it runs.
pub async fn plan(url: &SecretString, passwords: &RolePasswords) -> Result<Applied, MigrateError> {
    migrate(url, passwords, &|_| (), Ending::Rollback).await
}

#[derive(Clone, Copy)]
enum Ending {
    Commit,
    Rollback,
}

async fn migrate(
    url: &SecretString,
    passwords: &RolePasswords,
    on_table: &(dyn Fn(&str) + Sync),
    ending: Ending,
) -> Result<Applied, MigrateError> {
    let db = connect(url).await?;
    let mut attempt = 1;
    let applied = loop {
        match Box::pin(try_migrate(&db, passwords, on_table, ending)).await {
            Err(error) if error.is_role_conflict() && attempt < ATTEMPTS => attempt += 1,
            done => break done?,
        }
    };
    db.close().await?;
    Ok(applied)
}

async fn try_migrate(
    db: &DatabaseConnection,
    passwords: &RolePasswords,
    on_table: &(dyn Fn(&str) + Sync),
    ending: Ending,
) -> Result<Applied, MigrateError> {
    let txn = begin_locked(db).await?;
    guard::reject_shadowing_objects(&txn).await?;
    roles::ensure(&txn, passwords).await?;
    act_as_owner(&txn).await?;
    let before = applied_names(&txn).await?;
    guard::reject_foreign_objects(&txn, &before).await?;
    let pending: Vec<String> = names().into_iter().filter(|name| !before.contains(name)).collect();

    let mut legacy_import = None;
    let scripts = if pending.is_empty() {
        repeatable::apply_changed(&txn).await?
    } else {
        let is_fresh = pending.iter().any(|name| name == FIRST);
        let has_legacy_tables = is_fresh && legacy_import::set_aside(&txn).await?;
        // Dependent objects would block changes of a table.
        repeatable::drop_all(&txn).await?;
        Migrator::up(&txn, None).await?;
        if has_legacy_tables {
            // No trigger counts or audits rows that are only copied: there is none yet.
            legacy_import = Some(legacy_import::copy(&txn, on_table).await?);
        }
        repeatable::apply_all(&txn).await?
    };
    match ending {
        Ending::Commit => txn.commit().await?,
        Ending::Rollback => txn.rollback().await?,
    }
    Ok(Applied { names: pending, scripts, legacy_import })
}

/// Takes back the last `steps` migrations, or all of them, and returns their names, newest first.
/// The repeatable scripts go first and stay away until the next [`apply`], because they fit the
/// newest migration only; until then row level security denies everything. The roles stay: they
/// belong to the server, and other databases may use them.
pub async fn rollback(url: &SecretString, steps: Option<u32>) -> Result<Vec<String>, MigrateError> {
    let db = connect(url).await?;
    let txn = begin_locked(&db).await?;
    guard::reject_shadowing_objects(&txn).await?;
    act_as_owner(&txn).await?;
    let before = applied_names(&txn).await?;
    repeatable::remove_all(&txn).await?;
    Migrator::down(&txn, steps).await?;
    let after = applied_names(&txn).await?;
    txn.commit().await?;
    db.close().await?;
    Ok(before.into_iter().rev().filter(|name| !after.contains(name)).collect())
}

/// Compares the database with this program; changes nothing.
pub async fn status(url: &SecretString) -> Result<Status, MigrateError> {
    let db = connect(url).await?;
    let txn = begin(&db).await?;
    if has_owner(&txn).await? {
        act_as_owner(&txn).await?;
    }
    let applied = applied_names(&txn).await?;
    let scripts = repeatable::changes(&txn).await?;
    txn.rollback().await?;
    db.close().await?;
    let migrations = names()
        .into_iter()
        .map(|name| MigrationStatus { applied: applied.contains(&name), name })
        .collect();
    Ok(Status { migrations, scripts })
}

async fn connect(url: &SecretString) -> Result<DatabaseConnection, MigrateError> {
    let mut options = ConnectOptions::new(url.expose_secret());
    options.max_connections(1).sqlx_logging(false).acquire_timeout(CONNECT_TIMEOUT);
    let db = Database::connect(options).await?;
    let number = setting(&db, "server_version_num").await?.parse().unwrap_or(0);
    if let Some(reason) =
        server_version::reason_to_reject(number, &setting(&db, "server_version").await?)
    {
        return Err(MigrateError::ServerTooOld(reason));
    }
    Ok(db)
}

async fn setting(db: &DatabaseConnection, name: &str) -> Result<String, DbErr> {
    let row = db
        .query_one_raw(raw_sql!(Postgres, "select pg_catalog.current_setting({name}) as value"))
        .await?;
    row.map_or_else(|| Ok(String::new()), |row| row.try_get("", "value"))
}

async fn begin(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let txn = db.begin().await?;
    txn.execute_unprepared(SAFE_SEARCH_PATH).await?;
    Ok(txn)
}

async fn begin_locked(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let txn = begin(db).await?;
    // Whatever the role's own settings are: a long migration is not a stuck one, and times without
    // a time zone are UTC.
    txn.execute_unprepared(
        "set local statement_timeout = 0;
         set local lock_timeout = 0;
         set local idle_in_transaction_session_timeout = 0;
         set local timezone = 'UTC'",
    )
    .await?;
    txn.execute_raw(raw_sql!(Postgres, "select pg_advisory_xact_lock({LOCK_KEY})")).await?;
    // Only now: waiting for another migrator is right, waiting for a long query is not.
    txn.execute_unprepared("set local lock_timeout = '5s'").await?;
    Ok(txn)
}

async fn has_owner(txn: &DatabaseTransaction) -> Result<bool, DbErr> {
    let row = txn
        .query_one_raw(raw_sql!(
            Postgres,
            "select exists (select 1 from pg_roles where rolname = 'ignacio_owner') as is_there"
        ))
        .await?;
    row.map_or(Ok(false), |row| row.try_get("", "is_there"))
}

/// The applied migrations, all of which this program must have.
async fn applied_names(txn: &DatabaseTransaction) -> Result<Vec<String>, MigrateError> {
    let (applied, ours) = (read_log(txn).await?, names());
    let unknown: Vec<String> =
        applied.iter().filter(|name| !ours.contains(name)).cloned().collect();
    if unknown.is_empty() {
        return Ok(applied);
    }
    let number = |name: &str| name.split('_').next().unwrap_or_default().to_owned();
    let is_replaced = |name: &String| ours.iter().any(|ours| number(ours) == number(name));
    if unknown.iter().any(is_replaced) {
        return Err(MigrateError::ReplacedMigrations { unknown });
    }
    Err(MigrateError::NewerSchema { unknown })
}

async fn read_log(txn: &DatabaseTransaction) -> Result<Vec<String>, DbErr> {
    let log = txn
        .query_one_raw(raw_sql!(
            Postgres,
            "select exists (
                 select 1 from pg_class
                  where relnamespace = to_regnamespace('public')
                    and relname = 'seaql_migrations' and relkind = 'r') as is_there"
        ))
        .await?;
    if !log.map_or(Ok(false), |row| row.try_get("", "is_there"))? {
        return Ok(Vec::new());
    }
    txn.query_all_raw(raw_sql!(
        Postgres,
        "select version from public.seaql_migrations order by version"
    ))
    .await?
    .iter()
    .map(|row| row.try_get("", "version"))
    .collect()
}
