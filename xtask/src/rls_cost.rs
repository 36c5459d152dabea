//! `cargo xtask rls-cost`: what row level security costs, side by side.

mod plans;
mod rounds;

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use clap::Args;
use ignacio_devstack::{Cluster, ClusterOptions};
use ignacio_domain::keys::MasterSecret;
use secrecy::{ExposeSecret as _, SecretString};

use crate::{deployment::passwords, environment, postgres_tools, programs};

/// The database that is filled and measured.
const DATABASE: &str = "rls_cost";

/// Measure what row level security costs, on 1,000,000 messages in a private cluster.
///
/// The same queries, with the policies on and off, in turn within one run; the ratio of the medians
/// is the cost. Then the plan of every kind of query under its policies, and the worst of them in
/// full. Needs `pgbench` and `psql`, which come with PostgreSQL. Run it while nothing else runs.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  cargo xtask rls-cost
  cargo xtask rls-cost --rounds 7 --seconds 5")]
pub(crate) struct RlsCost {
    /// How often each query is measured with the policies on, and as often with them off.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long each measurement takes.
    #[arg(long, default_value_t = 2)]
    seconds: u32,
}

/// A filled database, as each role reaches it.
pub(crate) struct Filled {
    _cluster: Cluster,
    superuser: String,
    owner: SecretString,
    passwords: migration::RolePasswords,
}

impl RlsCost {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let filled = Filled::make().await?;
        rounds::measure(&filled, self.rounds.max(1), self.seconds.max(1))?;
        plans::show(&filled)
    }
}

impl Filled {
    async fn make() -> anyhow::Result<Self> {
        let start = || Cluster::start(ClusterOptions::default());
        let cluster = tokio::task::spawn_blocking(start).await??;
        cluster.ensure_database(DATABASE).await?;
        let superuser = cluster.admin_url(DATABASE);
        let owner = SecretString::from(superuser.clone());
        // The cluster is thrown away in a moment: any secret will do.
        let passwords = passwords(&MasterSecret::parse("only a measurement".repeat(3).into())?)?;
        migration::apply(&owner, &passwords).await?;
        let filled = Self { _cluster: cluster, superuser, owner, passwords };
        println!("filling 1,000,000 messages …");
        filled.sql(&std::fs::read_to_string(assets().join("fill.sql"))?)?;
        Ok(filled)
    }

    /// Where a service role connects.
    fn url(&self, role: &str) -> anyhow::Result<String> {
        let password = match role {
            "worker" => &self.passwords.worker,
            "admin" => &self.passwords.admin,
            _ => &self.passwords.api,
        };
        let url = migration::service_url(&self.owner, &format!("ignacio_{role}"), password)?;
        Ok(url.expose_secret().to_owned())
    }

    /// Runs statements as superuser.
    fn sql(&self, script: &str) -> anyhow::Result<String> {
        psql(&self.superuser, script)
    }
}

/// Runs statements in one session, and gives what they print.
fn psql(url: &str, script: &str) -> anyhow::Result<String> {
    let mut psql = Command::new(postgres_tools::find("psql")?);
    psql.args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only"]);
    psql.args(["--set", "ON_ERROR_STOP=1", "--dbname"]).arg(url);
    let file = tempfile_with(script)?;
    psql.arg("--file").arg(&file).stdin(Stdio::null());
    let printed = programs::output(&mut psql);
    std::fs::remove_file(&file)?;
    printed
}

fn tempfile_with(script: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::temp_dir().join(format!("ignacio-rls-cost-{}.sql", std::process::id()));
    std::fs::write(&path, script)?;
    Ok(path)
}

/// Where the scripts lie.
fn assets() -> PathBuf {
    environment::in_root("xtask/assets/rls-cost".as_ref())
}
