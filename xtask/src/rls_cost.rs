//! `cargo xtask rls-cost`: what row level security costs.

mod plans;
mod rounds;

use std::{
    io::Write as _,
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
/// Runs the same queries with the policies on and off, alternating within one run; the ratio of the
/// medians is the cost. Then prints the plan of each kind of query under its policies, and the most
/// expensive plan in full. Needs `pgbench` and `psql`, which come with PostgreSQL. Run it while
/// nothing else runs on the machine.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  cargo xtask rls-cost
  cargo xtask rls-cost --rounds 7 --seconds 5
  cargo xtask rls-cost --users 10 --rounds 1 --seconds 1    check that every query still works")]
pub(crate) struct RlsCost {
    /// How many users to create, each with ten conversations of 100 messages.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(10..))]
    users: u32,
    /// How often to measure each query with the policies on, and as often with them off.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// How many seconds each measurement takes.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
}

/// A database full of messages, and how each role connects to it.
pub(crate) struct FilledDatabase {
    _cluster: Cluster,
    superuser: String,
    owner: SecretString,
    passwords: migration::RolePasswords,
    n_users: u32,
}

impl RlsCost {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let database = FilledDatabase::create(self.users).await?;
        rounds::measure(&database, self.rounds, self.seconds)?;
        plans::show(&database)
    }
}

impl FilledDatabase {
    async fn create(n_users: u32) -> anyhow::Result<Self> {
        let start = || Cluster::start(ClusterOptions::default());
        let cluster = tokio::task::spawn_blocking(start).await??;
        cluster.ensure_database(DATABASE).await?;
        let superuser = cluster.admin_url(DATABASE);
        let owner = SecretString::from(superuser.clone());
        // The cluster lives no longer than this command, so any secret will do.
        let passwords = passwords(&MasterSecret::parse("only a measurement".repeat(3).into())?)?;
        migration::apply(&owner, &passwords).await?;
        let database = Self { _cluster: cluster, superuser, owner, passwords, n_users };
        println!("creating {} messages …", u64::from(n_users) * 1_000);
        database.execute(&std::fs::read_to_string(assets().join("fill.sql"))?)?;
        Ok(database)
    }

    /// The address at which a service role connects.
    fn url(&self, role: &str) -> anyhow::Result<String> {
        let password = match role {
            "worker" => &self.passwords.worker,
            "admin" => &self.passwords.admin,
            _ => &self.passwords.api,
        };
        let url = migration::service_url(&self.owner, &format!("ignacio_{role}"), password)?;
        Ok(url.expose_secret().to_owned())
    }

    /// What `psql` and `pgbench` put in the place of `:users` in a script.
    fn variable(&self) -> String {
        format!("users={}", self.n_users)
    }

    /// Runs statements as superuser.
    fn execute(&self, script: &str) -> anyhow::Result<String> {
        self.psql(&self.superuser, script)
    }

    /// Runs statements in one session and returns what they print.
    fn psql(&self, url: &str, script: &str) -> anyhow::Result<String> {
        let mut file = tempfile::NamedTempFile::new()?;
        file.write_all(script.as_bytes())?;
        let mut psql = Command::new(postgres_tools::find("psql")?);
        psql.args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only"]);
        psql.args(["--set", "ON_ERROR_STOP=1", "--set", &self.variable(), "--dbname"]).arg(url);
        psql.arg("--file").arg(file.path()).stdin(Stdio::null());
        programs::output(&mut psql)
    }
}

/// The folder of the SQL scripts.
fn assets() -> PathBuf {
    environment::in_root("xtask/assets/rls-cost".as_ref())
}
