//! `cargo xtask storage`: the bucket for the participants' files.

use std::{
    path::PathBuf,
    process::{Command, ExitCode},
};

use clap::{Args, Subcommand};

use crate::{
    deployment, environment,
    programs::{build_ignacio, status},
};

/// Manage the bucket for the participants' files.
#[derive(Debug, Args)]
pub(crate) struct Storage {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Create the bucket if it does not exist. It is private.
    ///
    /// Uses the object store of the S3_ variables if they are set, and otherwise that of a running
    /// `dev`.
    #[command(after_long_help = "\
Examples:
  cargo xtask storage ensure
  S3_ENDPOINT=https://s3.example S3_ACCESS_KEY_ID=… S3_SECRET_ACCESS_KEY=… cargo xtask storage ensure")]
    Ensure {
        /// The data folder of `dev`.
        #[arg(long, default_value = ".dev")]
        data: PathBuf,
    },
}

impl Storage {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let What::Ensure { data } = self.what;
        let mut command = Command::new(build_ignacio()?);
        command.args(["storage", "ensure"]);
        if !environment::has_any("S3_") {
            let dev = deployment::running_dev(&environment::in_root(&data))?;
            command.envs(dev.s3.variables());
        }
        let ended = status(&mut command)?;
        Ok(if ended.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
