//! `cargo xtask migrate`: migrates the database schema up and down.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use secrecy::SecretString;

use crate::{deployment::Deployment, environment};

/// Migrate the database schema up or down, or show its state.
///
/// Uses `DATABASE_URL` if it is set, and otherwise the development database in .dev, whether `dev`
/// runs or not. In production use the program itself: `ignacio migrate`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  cargo xtask migrate status
  cargo xtask migrate --plan         show what `up` would do, without changing anything
  cargo xtask migrate up
  cargo xtask migrate down --steps 1
  cargo xtask migrate fresh --yes    roll back everything and migrate up; deletes all data")]
pub(crate) struct Migrate {
    #[command(subcommand)]
    way: Option<Way>,
    /// Print what `up` would do, and change nothing. Takes the same locks.
    #[arg(long, global = true)]
    plan: bool,
    /// The data folder of `dev`.
    #[arg(long, global = true, default_value = ".dev")]
    data: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Way {
    /// Apply all pending migrations, in order, under a lock, and import the tables of the old
    /// system. This is the default.
    Up,
    /// Roll back migrations, newest first. The data in what they created is lost.
    Down(Down),
    /// List all migrations and whether each is applied.
    Status,
    /// Roll back all migrations and apply them again. Deletes all data.
    Fresh {
        /// Confirm that all data will be deleted.
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Down {
    /// Roll back this many.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    steps: Option<u32>,
    /// Roll back all of them.
    #[arg(long)]
    all: bool,
}

impl Migrate {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let way = self.way.unwrap_or(Way::Up);
        if self.plan && !matches!(way, Way::Up) {
            bail!("--plan only works with `up`");
        }
        if let Way::Fresh { yes } = way {
            check_fresh(yes, environment::variable("APP_ENV").as_deref())?;
        }
        let deployment = Deployment::find(&environment::in_root(&self.data)).await?;
        let url = deployment.url();
        match way {
            Way::Up => up(&deployment, self.plan).await,
            Way::Down(Down { steps, .. }) => down(url, steps).await,
            Way::Status => status(url).await,
            Way::Fresh { .. } => {
                down(url, None).await?;
                up(&deployment, false).await
            }
        }
    }
}

fn check_fresh(yes: bool, app_env: Option<&str>) -> anyhow::Result<()> {
    if app_env == Some("production") {
        bail!("`migrate fresh` deletes all data and does not run with APP_ENV=production");
    }
    if !yes {
        bail!("`migrate fresh` deletes all data: add --yes to confirm");
    }
    Ok(())
}

async fn up(deployment: &Deployment, plan: bool) -> anyhow::Result<()> {
    let (url, passwords) = (deployment.url(), deployment.passwords()?);
    let applied = if plan {
        migration::plan(url, &passwords).await
    } else {
        migration::apply(url, &passwords).await
    };
    let applied = applied.context("the migrations could not be applied")?;
    for line in applied.lines() {
        println!("{line}");
    }
    let outcome = if plan { "to apply; nothing was changed" } else { "applied" };
    println!("{} {outcome}", applied.names.len());
    Ok(())
}

async fn down(url: &SecretString, steps: Option<u32>) -> anyhow::Result<()> {
    let undone =
        migration::rollback(url, steps).await.context("the migrations could not be rolled back")?;
    for name in &undone {
        println!("{name}");
    }
    println!("{} rolled back", undone.len());
    Ok(())
}

async fn status(url: &SecretString) -> anyhow::Result<()> {
    let status = migration::status(url).await.context("the migrations could not be listed")?;
    for line in status.lines() {
        println!("{line}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    //! Data is deleted only after confirmation, and never in production.

    use super::check_fresh;

    #[test]
    fn fresh_needs_confirmation_and_no_production() {
        assert!(check_fresh(false, None).is_err());
        assert!(check_fresh(true, Some("production")).is_err());
        assert!(check_fresh(true, Some("development")).is_ok());
        assert!(check_fresh(true, None).is_ok());
    }
}
