//! `cargo xtask admin`: creates admins.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand};

use crate::{deployment::Deployment, environment};

/// Create the first admin, who can then create other users over the API.
///
/// Runs `ignacio admin` on `DATABASE_URL` if it is set, and otherwise on the development database in
/// .dev.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  cargo xtask admin create --phone '+57 300 111 0009' --name 'Eva Equipo'")]
pub(crate) struct Admin {
    #[command(subcommand)]
    what: What,
    /// The data folder of `dev`.
    #[arg(long, global = true, default_value = ".dev")]
    data: PathBuf,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Create an admin. Running it again for the same number changes nothing.
    Create {
        /// The WhatsApp number with its country code.
        #[arg(long)]
        phone: String,
        /// The name to show.
        #[arg(long)]
        name: String,
    },
}

impl Admin {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let What::Create { phone, name } = self.what;
        let deployment = Deployment::find(&environment::in_root(&self.data)).await?;
        deployment.ignacio(&["admin", "create", "--phone", &phone, "--name", &name])
    }
}
