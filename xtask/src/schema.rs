//! `cargo xtask schema`: the database's schema, as the migrations make it.

use clap::Args;
use ignacio_devstack::{Cluster, ClusterOptions};
use ignacio_domain::keys::MasterSecret;

use crate::{deployment::passwords, generated::write_or_check, postgres_tools::dump_schema};

/// Where the schema is kept.
const PATH: &str = "docs/schema.sql";

/// The database that is migrated and dumped.
const DATABASE: &str = "schema";

/// Write docs/schema.sql from the migrations, or check that it is up to date.
///
/// Migrates an empty database in a private cluster and dumps its schema.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  cargo xtask schema           after a migration was added
  cargo xtask schema --check   in CI: fails if the file is not what the migrations make")]
pub(crate) struct Schema {
    /// Change nothing, and fail if the file is not up to date.
    #[arg(long)]
    check: bool,
}

impl Schema {
    /// The form that CI runs.
    pub(crate) fn checking() -> Self {
        Self { check: true }
    }

    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let start = || Cluster::start(ClusterOptions::default());
        let cluster = tokio::task::spawn_blocking(start).await??;
        cluster.ensure_database(DATABASE).await?;
        let url = cluster.admin_url(DATABASE);
        // The cluster is thrown away in a moment: any secret will do.
        let secret = MasterSecret::parse("the schema is all that we want".repeat(2).into())?;
        migration::apply(&url.clone().into(), &passwords(&secret)?).await?;
        write_or_check(PATH, &dump_schema(&url)?, self.check, "schema")
    }
}
