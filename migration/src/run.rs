//! Applying, undoing and listing the migrations.

use std::time::Duration;

use sea_orm::{
    ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, DatabaseTransaction, DbErr,
    TransactionTrait as _, raw_sql,
};
use sea_orm_migration::MigratorTrait as _;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

use crate::Migrator;
use crate::roles::{self, RolePasswords};

/// Whoever migrates holds this advisory lock; the others wait for it.
const LOCK_KEY: i64 = 0x1647_ac10;
const OLDEST_POSTGRES: i32 = 150_000;
/// How long a server may take to answer the first time; a refused connection is tried until then.
const REACH_LIMIT: Duration = Duration::from_secs(5);

/// Why the database could not be migrated.
#[derive(Debug, Error)]
pub enum MigrateError {
    /// The URL cannot be read.
    #[error("the database URL is not of the form postgres://user:password@host:5432/name")]
    Url(#[from] url::ParseError),
    /// A server that lacks what the policies need.
    #[error("Postgres 15 or later is needed, this server is {0}")]
    TooOld(String),
    /// The database said no, or did not answer.
    #[error("the database refused: {0}")]
    Database(#[from] DbErr),
}

/// A migration and whether this database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Such as `001_initial_schema`.
    pub name: String,
    /// Whether it is applied.
    pub applied: bool,
}

/// Makes the roles, sets their passwords and applies what is pending, all in one transaction under
/// an advisory lock. Gives the names of what was applied; nothing pending is no error.
///
/// `url` connects as a superuser, or as a role that owns the database and has CREATEROLE.
pub async fn apply(
    url: &SecretString,
    passwords: &RolePasswords,
) -> Result<Vec<String>, MigrateError> {
    let db = connect(url).await?;
    let txn = begin_locked(&db).await?;
    roles::prepare(&txn, passwords).await?;
    become_owner(&txn).await?;
    let before = applied(&txn).await?;
    Migrator::up(&txn, None).await?;
    let after = applied(&txn).await?;
    txn.commit().await?;
    db.close().await?;
    Ok(after.into_iter().filter(|name| !before.contains(name)).collect())
}

/// Undoes the last `steps` migrations, or all of them, and gives their names, newest first. The
/// roles stay: they belong to the server, and other databases may use them.
pub async fn rollback(url: &SecretString, steps: Option<u32>) -> Result<Vec<String>, MigrateError> {
    let db = connect(url).await?;
    let txn = begin_locked(&db).await?;
    become_owner(&txn).await?;
    let before = applied(&txn).await?;
    Migrator::down(&txn, steps).await?;
    let after = applied(&txn).await?;
    txn.commit().await?;
    db.close().await?;
    Ok(before.into_iter().rev().filter(|name| !after.contains(name)).collect())
}

/// Every migration and whether it is applied; changes nothing.
pub async fn status(url: &SecretString) -> Result<Vec<Status>, MigrateError> {
    let db = connect(url).await?;
    let txn = db.begin().await?;
    if has_owner(&txn).await? {
        become_owner(&txn).await?;
    }
    let applied = applied(&txn).await?;
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
    let version: i32 = setting(&db, "server_version_num").await?.parse().unwrap_or(0);
    if version < OLDEST_POSTGRES {
        return Err(MigrateError::TooOld(setting(&db, "server_version").await?));
    }
    Ok(db)
}

async fn setting(db: &DatabaseConnection, name: &str) -> Result<String, DbErr> {
    let row = db.query_one_raw(raw_sql!(Postgres, "select current_setting({name}) as it")).await?;
    row.map_or_else(|| Ok(String::new()), |row| row.try_get("", "it"))
}

async fn begin_locked(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let txn = db.begin().await?;
    txn.execute_raw(raw_sql!(Postgres, "select pg_advisory_xact_lock({LOCK_KEY})")).await?;
    // Only now: waiting for another migrator is right, waiting behind a long query is not.
    txn.execute_unprepared("set local lock_timeout = '5s'").await?;
    Ok(txn)
}

async fn become_owner(txn: &DatabaseTransaction) -> Result<(), DbErr> {
    txn.execute_unprepared("set local role ignacio_owner").await.map(|_| ())
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

async fn applied(txn: &DatabaseTransaction) -> Result<Vec<String>, DbErr> {
    let known = txn
        .query_one_raw(raw_sql!(
            Postgres,
            "select to_regclass('public.seaql_migrations') is not null as it"
        ))
        .await?;
    if !known.map_or(Ok(false), |row| row.try_get("", "it"))? {
        return Ok(Vec::new());
    }
    txn.query_all_raw(raw_sql!(Postgres, "select version from seaql_migrations order by version"))
        .await?
        .iter()
        .map(|row| row.try_get("", "version"))
        .collect()
}
