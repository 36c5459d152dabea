//! Applying, undoing and listing the migrations.

use std::time::Duration;

use sea_orm::{
    ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, DatabaseTransaction, DbErr,
    TransactionTrait as _, raw_sql,
};
use sea_orm_migration::MigratorTrait as _;
use secrecy::{ExposeSecret, SecretString};

use crate::adoption;
use crate::error::MigrateError;
use crate::report::Adoption;
use crate::roles::{self, RolePasswords};
use crate::{Migrator, guard, server_version};

/// Whoever migrates holds this advisory lock; the others wait for it.
const LOCK_KEY: i64 = 0x1647_ac10;
/// How long a server may take to answer the first time; a refused connection is tried until then.
const REACH_LIMIT: Duration = Duration::from_secs(5);
/// How often the roles are tried when another database of the same server is migrated, too.
const ATTEMPTS: u32 = 10;
/// The migration before which the tables of the old system step aside.
pub(crate) const FIRST: &str = "001_initial_schema";

/// A migration and whether this database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Such as `001_initial_schema`.
    pub name: String,
    /// Whether it is applied.
    pub applied: bool,
}

/// What was applied, or would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The migrations, in their order.
    pub names: Vec<String>,
    /// What became of the old system's tables, where there were any.
    pub adoption: Option<Adoption>,
}

/// Makes the roles, sets their passwords, takes over what the old system left, and applies what is
/// pending, all in one transaction under an advisory lock. Nothing pending is no error.
///
/// `url` connects as a superuser, or as a role that owns the database and has CREATEROLE.
pub async fn apply(url: &SecretString, passwords: &RolePasswords) -> Result<Applied, MigrateError> {
    apply_and_tell(url, passwords, &|_| ()).await
}

/// As [`apply`]; `tell` hears the name of each old table before its rows are carried over.
pub async fn apply_and_tell(
    url: &SecretString,
    passwords: &RolePasswords,
    tell: &(dyn Fn(&str) + Sync),
) -> Result<Applied, MigrateError> {
    migrate(url, passwords, tell, Ending::Commit).await
}

/// Does the same as [`apply`] and undoes it, to tell what it would do. While it runs it holds the
/// same locks.
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
    tell: &(dyn Fn(&str) + Sync),
    ending: Ending,
) -> Result<Applied, MigrateError> {
    let db = connect(url).await?;
    let mut attempt = 1;
    let applied = loop {
        match Box::pin(try_migrate(&db, passwords, tell, ending)).await {
            Err(error) if error.is_collision() && attempt < ATTEMPTS => attempt += 1,
            done => break done?,
        }
    };
    db.close().await?;
    Ok(applied)
}

async fn try_migrate(
    db: &DatabaseConnection,
    passwords: &RolePasswords,
    tell: &(dyn Fn(&str) + Sync),
    ending: Ending,
) -> Result<Applied, MigrateError> {
    let txn = begin_locked(db).await?;
    guard::refuse_shadows(&txn).await?;
    roles::prepare(&txn, passwords).await?;
    become_owner(&txn).await?;
    let before = known(&txn).await?;
    guard::refuse_strangers(&txn, &before).await?;
    let adopts = !before.iter().any(|it| it == FIRST) && adoption::set_aside(&txn).await?;
    Migrator::up(&txn, None).await?;
    let adoption = if adopts { Some(adoption::carry_over(&txn, tell).await?) } else { None };
    let after = known(&txn).await?;
    match ending {
        Ending::Commit => txn.commit().await?,
        Ending::Rollback => txn.rollback().await?,
    }
    let names = after.into_iter().filter(|name| !before.contains(name)).collect();
    Ok(Applied { names, adoption })
}

/// Undoes the last `steps` migrations, or all of them, and gives their names, newest first. The
/// roles stay: they belong to the server, and other databases may use them.
pub async fn rollback(url: &SecretString, steps: Option<u32>) -> Result<Vec<String>, MigrateError> {
    let db = connect(url).await?;
    let txn = begin_locked(&db).await?;
    guard::refuse_shadows(&txn).await?;
    become_owner(&txn).await?;
    let before = known(&txn).await?;
    Migrator::down(&txn, steps).await?;
    let after = known(&txn).await?;
    txn.commit().await?;
    db.close().await?;
    Ok(before.into_iter().rev().filter(|name| !after.contains(name)).collect())
}

/// Every migration and whether it is applied; changes nothing.
pub async fn status(url: &SecretString) -> Result<Vec<Status>, MigrateError> {
    let db = connect(url).await?;
    let txn = begin(&db).await?;
    if has_owner(&txn).await? {
        become_owner(&txn).await?;
    }
    let applied = known(&txn).await?;
    txn.rollback().await?;
    db.close().await?;
    Ok(crate::names()
        .into_iter()
        .map(|name| Status { applied: applied.contains(&name), name })
        .collect())
}

async fn connect(url: &SecretString) -> Result<DatabaseConnection, MigrateError> {
    let mut options = ConnectOptions::new(url.expose_secret());
    options.max_connections(1).sqlx_logging(false).acquire_timeout(REACH_LIMIT);
    let db = Database::connect(options).await?;
    let number = setting(&db, "server_version_num").await?.parse().unwrap_or(0);
    if let Some(objection) =
        server_version::objection(number, &setting(&db, "server_version").await?)
    {
        return Err(MigrateError::TooOld(objection));
    }
    Ok(db)
}

async fn setting(db: &DatabaseConnection, name: &str) -> Result<String, DbErr> {
    let row = db
        .query_one_raw(raw_sql!(Postgres, "select pg_catalog.current_setting({name}) as it"))
        .await?;
    row.map_or_else(|| Ok(String::new()), |row| row.try_get("", "it"))
}

/// Nothing that others put into `public` runs as whoever connected, who may be a superuser.
const CLOSED_PATH: &str = "set local search_path = pg_catalog, pg_temp";

async fn begin(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let txn = db.begin().await?;
    txn.execute_unprepared(CLOSED_PATH).await?;
    Ok(txn)
}

async fn begin_locked(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let txn = begin(db).await?;
    // Whatever the role's own settings are: a long migration is not a stuck one, and times without
    // a zone are UTC.
    txn.execute_unprepared(
        "set local statement_timeout = 0;
         set local lock_timeout = 0;
         set local idle_in_transaction_session_timeout = 0;
         set local timezone = 'UTC'",
    )
    .await?;
    txn.execute_raw(raw_sql!(Postgres, "select pg_advisory_xact_lock({LOCK_KEY})")).await?;
    // Only now: waiting for another migrator is right, waiting behind a long query is not.
    txn.execute_unprepared("set local lock_timeout = '5s'").await?;
    Ok(txn)
}

pub(crate) async fn become_owner(txn: &DatabaseTransaction) -> Result<(), DbErr> {
    // The role first: the path is never open to whoever connected.
    txn.execute_unprepared("set local role ignacio_owner; set local search_path = public")
        .await
        .map(|_| ())
}

pub(crate) async fn become_whoever_connected(txn: &DatabaseTransaction) -> Result<(), DbErr> {
    txn.execute_unprepared(CLOSED_PATH).await?;
    txn.execute_unprepared("set local role none").await.map(|_| ())
}

async fn has_owner(txn: &DatabaseTransaction) -> Result<bool, DbErr> {
    let row = txn
        .query_one_raw(raw_sql!(
            Postgres,
            "select exists (select 1 from pg_roles where rolname = 'ignacio_owner') as it"
        ))
        .await?;
    row.map_or(Ok(false), |row| row.try_get("", "it"))
}

/// The migrations that are applied, which must all be known here.
async fn known(txn: &DatabaseTransaction) -> Result<Vec<String>, MigrateError> {
    let (applied, names) = (applied(txn).await?, crate::names());
    let unknown: Vec<String> =
        applied.iter().filter(|name| !names.contains(name)).cloned().collect();
    if unknown.is_empty() { Ok(applied) } else { Err(MigrateError::Newer { unknown }) }
}

async fn applied(txn: &DatabaseTransaction) -> Result<Vec<String>, DbErr> {
    let known = txn
        .query_one_raw(raw_sql!(
            Postgres,
            "select exists (
                 select 1 from pg_class
                  where relnamespace = to_regnamespace('public')
                    and relname = 'seaql_migrations' and relkind = 'r') as it"
        ))
        .await?;
    if !known.map_or(Ok(false), |row| row.try_get("", "it"))? {
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
