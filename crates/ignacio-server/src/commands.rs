//! The commands that do one thing and exit.
#![expect(clippy::print_stdout, reason = "the result of these commands goes to standard output")]

use anyhow::{Context as _, Error, anyhow};
use ignacio_domain::{ids::UserId, ports::ObjectStore as _, user::Role};
use ignacio_integrations::{S3Settings, S3Store};
use ignacio_persistence::{AuditHead, CreateOutcome, NewUser, OwnerDb};
use migration::MigrateError;
use secrecy::SecretString;

use crate::{
    cli::NewAdmin, exit_error::ExitError, settings::DatabaseSettings, startup::refuse_pooler,
};

pub(crate) async fn migrate_up(database: &DatabaseSettings, plan: bool) -> Result<(), ExitError> {
    let (url, passwords) = (&database.url, &database.passwords);
    refuse_pooler(url).await?;
    let applied = if plan {
        migration::plan(url, passwords).await
    } else {
        migration::apply_with_progress(url, passwords, &report_copy).await
    };
    let applied = applied?;
    for line in applied.lines() {
        println!("{line}");
    }
    let outcome = if plan { "to apply; nothing was changed" } else { "applied" };
    println!("{} {outcome}", applied.names.len());
    Ok(())
}

#[expect(clippy::print_stderr, reason = "progress is not part of the result")]
fn report_copy(table: &str) {
    eprintln!("importing {table}");
}

pub(crate) async fn migrate_down(url: &SecretString, steps: Option<u32>) -> Result<(), ExitError> {
    let undone = migration::rollback(url, steps).await?;
    for name in &undone {
        println!("{name}");
    }
    println!("{} rolled back", undone.len());
    Ok(())
}

pub(crate) async fn migrate_status(url: &SecretString) -> Result<(), ExitError> {
    let status = migration::status(url).await.map_err(|error| {
        if let MigrateError::NewerSchema { unknown } = &error {
            for name in unknown {
                println!("{name}  unknown");
            }
        }
        ExitError::from(error)
    })?;
    for line in status.lines() {
        println!("{line}");
    }
    Ok(())
}

pub(crate) async fn create_admin(url: &SecretString, admin: NewAdmin) -> Result<(), ExitError> {
    let NewAdmin { phone, name, locale } = admin;
    let shown = phone.clone();
    let user = NewUser { phone, name, role: Role::Admin, locale };
    let owner = OwnerDb::connect(url).await.context("the database cannot be reached");
    let owner = owner.map_err(ExitError::unavailable)?;
    let outcome = owner.add_user(&user).await.context(
        "the admin could not be created; check with `ignacio migrate status` that no migrations are pending",
    )?;
    match outcome {
        CreateOutcome::Created(id) => println!("created admin {shown}, id {}", id.into_uuid()),
        CreateOutcome::Existing(id) if is_admin(&owner, id).await? => {
            println!("{shown} is already an admin, id {}; nothing changed", id.into_uuid());
        }
        CreateOutcome::Existing(id) => {
            return Err(ExitError::from(anyhow!(
                "{shown} belongs to a user who is not an active admin (id {}), and this command only creates new users: \
                 let another admin change the role (PATCH /v1/admin/users/{{id}}), or use another number",
                id.into_uuid(),
            )));
        }
    }
    Ok(())
}

async fn is_admin(owner: &OwnerDb, id: UserId) -> Result<bool, ExitError> {
    Ok(owner.is_active_admin(id).await.context("the user cannot be read")?)
}

pub(crate) async fn verify_audit(
    url: &SecretString,
    since: Option<AuditHead>,
) -> Result<(), ExitError> {
    let owner = OwnerDb::connect(url).await.context("the database cannot be reached");
    let owner = owner.map_err(ExitError::unavailable)?;
    let progress = |n_events| tracing::debug!(n_events, "checked");
    let report = owner.verify_audit(since.as_ref(), progress).await.context(
        "the audit log could not be read; check with `ignacio migrate status` that no migrations are pending",
    )?;
    for fault in &report.faults {
        println!("{fault}");
    }
    println!("{} events, {} faults, end {}", report.n_events, report.faults.len(), report.head);
    if report.faults.is_empty() {
        Ok(())
    } else {
        Err(ExitError::from(anyhow!("the audit log was changed after it was written")))
    }
}

pub(crate) async fn ensure_bucket(settings: S3Settings) -> Result<(), ExitError> {
    let bucket = settings.bucket.clone();
    let store = S3Store::new(settings).map_err(ExitError::config)?;
    let is_created = store.ensure_bucket().await.map_err(|error| {
        ExitError::unavailable(
            Error::new(error).context(format!("the bucket {bucket} could not be created")),
        )
    })?;
    println!("bucket {bucket}: {}", if is_created { "created" } else { "exists already" });
    Ok(())
}

pub(crate) fn print_openapi() {
    print!("{}", ignacio_api::openapi_json());
}
