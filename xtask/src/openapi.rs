//! `cargo xtask openapi`: the description of the REST API, from the code.

use clap::Args;

use crate::{
    generated::write_or_check,
    programs::{build_ignacio, output},
};

/// Where the description is kept.
const PATH: &str = "docs/openapi.json";

/// Write docs/openapi.json from the code, or check that it is up to date.
///
/// The same document is served at /v1/openapi.json. It changes only together with the code, so
/// that a reviewer sees what clients will see.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  cargo xtask openapi           after a route or a view was changed
  cargo xtask openapi --check   in CI: fails if the file is not what the code makes")]
pub(crate) struct Openapi {
    /// Change nothing, and fail if the file is not up to date.
    #[arg(long)]
    check: bool,
}

impl Openapi {
    /// The form that CI runs.
    pub(crate) fn checking() -> Self {
        Self { check: true }
    }

    pub(crate) fn run(self) -> anyhow::Result<()> {
        let ignacio = build_ignacio()?;
        let document = output(std::process::Command::new(ignacio).arg("openapi"))?;
        write_or_check(PATH, &document, self.check, "openapi")
    }
}
