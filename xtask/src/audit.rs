//! `cargo xtask audit`: the record of what was done by whom.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand};

use crate::{deployment::Deployment, environment};

/// Check the record of what was done by whom.
///
/// Runs `ignacio audit` on `DATABASE_URL`, or else on the development database under .dev.
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
