//! `cargo xtask audit`: checks the audit log.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand};

use crate::{deployment::Deployment, environment};

/// Check the audit log.
///
/// Runs `ignacio audit` on `DATABASE_URL` if it is set, and otherwise on the development database in
/// .dev.
#[derive(Debug, Args)]
pub(crate) struct Audit {
    #[command(subcommand)]
    what: What,
    /// The data folder of `dev`.
    #[arg(long, global = true, default_value = ".dev")]
    data: PathBuf,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Check that no event was changed, removed or inserted; fails if one was.
    Verify {
        /// The end of the hash chain as an earlier run printed it: proves that nothing up to there
        /// was rewritten.
        #[arg(long, value_name = "NUMBER:HASH")]
        since: Option<String>,
    },
}

impl Audit {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let What::Verify { since } = self.what;
        let deployment = Deployment::find(&environment::in_root(&self.data)).await?;
        let mut arguments = vec!["audit", "verify"];
        arguments.extend(since.iter().flat_map(|end| ["--since", end]));
        deployment.ignacio(&arguments)
    }
}
