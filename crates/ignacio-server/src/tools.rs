//! The commands that do one thing and end.
#![expect(
    clippy::print_stdout,
    reason = "what these commands are asked for goes to standard output"
)]

use std::error::Error;

use anyhow::{Context as _, anyhow};
use ignacio_domain::{person::Role, ports::ObjectStore as _};
use ignacio_integrations::{S3Settings, S3Store};
use ignacio_persistence::{Added, NewPerson, OwnerDb};
use migration::MigrateError;
use secrecy::SecretString;

use crate::{cli::NewAdmin, failure::Failure, settings::DatabaseSettings};

pub(crate) async fn migrate_up(database: &DatabaseSettings) -> Result<(), Failure> {
    let applied =
        migration::apply(&database.url, &database.passwords).await.map_err(database_said)?;
    for name in &applied {
        println!("{name}");
    }
    println!("{} applied", applied.len());
    Ok(())
}

pub(crate) async fn migrate_down(url: &SecretString, steps: Option<u32>) -> Result<(), Failure> {
    let undone = migration::rollback(url, steps).await.map_err(database_said)?;
    for name in &undone {
        println!("{name}");
    }
    println!("{} taken back", undone.len());
    Ok(())
}

pub(crate) async fn migrate_status(url: &SecretString) -> Result<(), Failure> {
    let migrations = migration::status(url).await.map_err(database_said)?;
    let width = migrations.iter().map(|it| it.name.len()).max().unwrap_or(0);
    for migration::Status { name, applied } in migrations {
        println!("{name:<width$}  {}", if applied { "applied" } else { "pending" });
    }
    Ok(())
}

pub(crate) async fn create_admin(url: &SecretString, admin: NewAdmin) -> Result<(), Failure> {
    let NewAdmin { phone, name, locale } = admin;
    let shown = phone.clone();
    let person = NewPerson { phone, name, role: Role::Admin, locale };
    let owner = OwnerDb::connect(url).await.context("the database cannot be reached");
    let owner = owner.map_err(Failure::unavailable)?;
    let added = owner.add_person(&person).await.context(
        "the admin could not be created; are migrations pending? `ignacio migrate status` tells",
    )?;
    match added {
        Added::New(id) => println!("created admin {shown}, id {}", id.into_uuid()),
        Added::Known(id) => {
            println!("{shown} is known already, id {}; nothing changed", id.into_uuid());
        }
    }
    Ok(())
}

pub(crate) async fn ensure_bucket(settings: S3Settings) -> Result<(), Failure> {
    let bucket = settings.bucket.clone();
    let store = S3Store::new(settings).map_err(Failure::config)?;
    let made = store.ensure_bucket().await.map_err(|error| {
        Failure::unavailable(
            with_causes(&error).context(format!("the bucket {bucket} cannot be made sure of")),
        )
    })?;
    println!("bucket {bucket}: {}", if made { "created" } else { "there already" });
    Ok(())
}

pub(crate) fn print_openapi() {
    print!("{}", ignacio_api::openapi_json());
}

/// Whether the deployment has to change, or only time has to pass.
pub(crate) fn database_said(error: MigrateError) -> Failure {
    match error {
        MigrateError::Url(_) => Failure::config(format!("DATABASE_URL cannot be used: {error}")),
        MigrateError::TooOld(_) => {
            Failure::config(format!("DATABASE_URL leads to a server that is too old: {error}"))
        }
        MigrateError::Database(_) => Failure::unavailable(anyhow!(error)),
    }
}

/// An error that owns its causes, whatever lives in it.
pub(crate) fn with_causes(error: &dyn Error) -> anyhow::Error {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    anyhow!(text)
}
