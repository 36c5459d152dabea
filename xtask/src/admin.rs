//! `cargo xtask admin`: the people who look after the programme.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand};

use crate::{deployment::Deployment, environment};

/// Make the first admin, who can then make everybody else over the API.
///
/// Runs `ignacio admin` on `DATABASE_URL`, or else on the development database under .dev.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  cargo xtask admin create --phone '+57 300 111 0009' --name 'Eva Equipo'")]
pub(crate) struct Admin {
    #[command(subcommand)]
    what: What,
    /// Where `dev` keeps its data.
    #[arg(long, global = true, default_value = ".dev")]
    data: PathBuf,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make the account of an admin. Doing it again for the same number changes nothing.
    Create {
        /// The WhatsApp number, with its country code.
        #[arg(long)]
        phone: String,
        /// The name as colleagues know it.
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
