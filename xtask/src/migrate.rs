//! `cargo xtask migrate`: the database's schema, forwards and backwards.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use secrecy::SecretString;

use crate::{deployment::Deployment, environment};

/// Bring the database's schema up to date, take it back, or look at it.
///
/// Works on `DATABASE_URL`, or else on the development database under .dev, whether `dev` runs
/// or not. In production the program itself does the same: `ignacio migrate`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  cargo xtask migrate status
  cargo xtask migrate --plan         what `up` would do; nothing is changed
  cargo xtask migrate up
  cargo xtask migrate down --steps 1
  cargo xtask migrate fresh --yes    everything down and up again; all data are lost")]
pub(crate) struct Migrate {
    #[command(subcommand)]
    way: Option<Way>,
    /// Print what going up would do, and change nothing. It holds the same locks meanwhile.
    #[arg(long, global = true)]
    plan: bool,
    /// Where `dev` keeps its data.
    #[arg(long, global = true, default_value = ".dev")]
    data: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Way {
    /// Apply every pending migration, in order, under a lock, and take over the old system's
    /// tables; this is what happens without a word, too.
    Up,
    /// Take migrations back, the newest first. What they hold is lost.
    Down(Down),
    /// List every migration with whether it is applied.
    Status,
    /// Take everything back and apply it again. All data are lost.
    Fresh {
        /// Yes, all data may be lost.
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Down {
    /// Take back this many.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    steps: Option<u32>,
    /// Take back all of them.
    #[arg(long)]
    all: bool,
}

impl Migrate {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let way = self.way.unwrap_or(Way::Up);
        if self.plan && !matches!(way, Way::Up) {
            bail!("--plan tells what going up would do: leave it out, or use it with `up`");
        }
        if let Way::Fresh { yes } = way {
            may_start_afresh(yes, environment::variable("APP_ENV").as_deref())?;
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

fn may_start_afresh(yes: bool, app_env: Option<&str>) -> anyhow::Result<()> {
    if app_env == Some("production") {
        bail!("`migrate fresh` throws all data away and is never done with APP_ENV=production");
    }
    if !yes {
        bail!("`migrate fresh` throws all data away: add --yes if that is what you want");
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
    let migration::Applied { names, adoption } =
        applied.context("the migrations could not be applied")?;
    for line in adoption.iter().flat_map(migration::Adoption::lines) {
        println!("{line}");
    }
    for name in &names {
        println!("{name}");
    }
    println!("{} {}", names.len(), if plan { "to apply; nothing was changed" } else { "applied" });
    Ok(())
}

async fn down(url: &SecretString, steps: Option<u32>) -> anyhow::Result<()> {
    let undone =
        migration::rollback(url, steps).await.context("the migrations could not be taken back")?;
    for name in &undone {
        println!("{name}");
    }
    println!("{} taken back", undone.len());
    Ok(())
}

async fn status(url: &SecretString) -> anyhow::Result<()> {
    let migrations = migration::status(url).await.context("the migrations could not be listed")?;
    let width = migrations.iter().map(|it| it.name.len()).max().unwrap_or(0);
    for migration::Status { name, applied } in migrations {
        println!("{name:<width$}  {}", if applied { "applied" } else { "pending" });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    //! Data are thrown away only on purpose, and never in production.

    use super::may_start_afresh;

    #[test]
    fn starting_afresh_needs_a_yes_and_no_production() {
        assert!(may_start_afresh(false, None).is_err());
        assert!(may_start_afresh(true, Some("production")).is_err());
        assert!(may_start_afresh(true, Some("development")).is_ok());
        assert!(may_start_afresh(true, None).is_ok());
    }
}
