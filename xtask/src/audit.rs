//! `cargo xtask audit`: the record of what was done by whom.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use ignacio_persistence::{AuditHead, OwnerDb};

use crate::{deployment::Deployment, environment};

/// Check the record of what was done by whom.
///
/// Works on `DATABASE_URL`, or else on the development database under .dev. In production the
/// program itself does the same: `ignacio audit verify`.
#[derive(Debug, Args)]
pub(crate) struct Audit {
    #[command(subcommand)]
    what: What,
    /// Where `dev` keeps its data.
    #[arg(long, global = true, default_value = ".dev")]
    data: PathBuf,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Check that no event was changed, removed or put in between; fails where one was.
    Verify {
        /// An end of the chain that was printed earlier: shows that nothing up to there was
        /// rewritten.
        #[arg(long, value_name = "NUMBER:HASH")]
        since: Option<AuditHead>,
    },
}

impl Audit {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let What::Verify { since } = self.what;
        let deployment = Deployment::find(&environment::in_root(&self.data)).await?;
        let owner = OwnerDb::connect(deployment.url()).await?;
        let report = owner
            .verify_audit(since.as_ref(), |n_events| eprintln!("{n_events} checked"))
            .await
            .context("the audit could not be read; are migrations pending?")?;
        for fault in &report.faults {
            println!("{fault}");
        }
        println!("{} events, {} faults, end {}", report.n_events, report.faults.len(), report.head);
        if !report.faults.is_empty() {
            bail!("the audit is not as it was written");
        }
        Ok(())
    }
}
