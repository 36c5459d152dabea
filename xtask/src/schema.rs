//! `cargo xtask schema`: the database schema that the migrations create.

use anyhow::bail;
use clap::Args;
use ignacio_devstack::{Cluster, ClusterOptions};
use ignacio_domain::keys::MasterSecret;

use crate::{deployment::passwords, generated::write_or_check, postgres_tools::dump_schema};

/// The committed file.
const PATH: &str = "docs/schema.sql";

/// The database to migrate and dump.
const DATABASE: &str = "schema";

/// Write docs/schema.sql from the migrations, or check that it is up to date.
///
/// Migrates an empty database in a private cluster and dumps its schema. Then rolls back all
/// migrations and applies them again, which must result in the same schema.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  cargo xtask schema           after a change of a migration or a routine
  cargo xtask schema --check   in CI: fail if the file is out of date")]
pub(crate) struct Schema {
    /// Change nothing, and fail if the file is out of date.
    #[arg(long)]
    check: bool,
}

impl Schema {
    /// The check, as CI runs it.
    pub(crate) fn checking() -> Self {
        Self { check: true }
    }

    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let start = || Cluster::start(ClusterOptions::default());
        let cluster = tokio::task::spawn_blocking(start).await??;
        cluster.ensure_database(DATABASE).await?;
        let url = cluster.admin_url(DATABASE);
        // The cluster lives no longer than this command, so any secret will do.
        let secret = MasterSecret::parse("the schema is all that we want".repeat(2).into())?;
        let (owner, passwords) = (url.clone().into(), passwords(&secret)?);
        migration::apply(&owner, &passwords).await?;
        let first = dump_schema(&url)?;
        migration::rollback(&owner, None).await?;
        migration::apply(&owner, &passwords).await?;
        if let Some(line) = first_difference(&first, &dump_schema(&url)?) {
            bail!(
                "the migrations create a different schema after a rollback: look at `{line}` and at the scripts that create and remove it"
            );
        }
        write_or_check(PATH, &first, self.check, "schema")
    }
}

/// The first line that differs between two dumps.
fn first_difference<'t>(one: &'t str, other: &'t str) -> Option<&'t str> {
    let mut others = other.lines();
    one.lines().find(|line| others.next() != Some(line)).or_else(|| others.next())
}

#[cfg(test)]
mod tests {
    //! A schema that differs after a rollback is noticed.

    use super::first_difference;

    #[test]
    fn the_differing_line_is_named() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(first_difference("a\nb\nc", "a\nc"), Some("b"));
        assert_eq!(first_difference("a\n", "a\nb\n"), Some("b"));
        assert_eq!(first_difference("a\nb\n", "a\n"), Some("b"));
    }
}
