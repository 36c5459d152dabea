//! `cargo xtask openapi`: the OpenAPI document of the REST API.

use clap::Args;

use crate::{
    generated::write_or_check,
    programs::{build_ignacio, output},
};

/// The committed file.
const PATH: &str = "docs/openapi.json";

/// Write docs/openapi.json from the code, or check that it is up to date.
///
/// The service serves the same document at /v1/openapi.json. It is committed so that a reviewer sees
/// what changes for clients.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  cargo xtask openapi           after a change of a route or a view
  cargo xtask openapi --check   in CI: fail if the file is out of date")]
pub(crate) struct Openapi {
    /// Change nothing, and fail if the file is out of date.
    #[arg(long)]
    check: bool,
}

impl Openapi {
    /// The check, as CI runs it.
    pub(crate) fn checking() -> Self {
        Self { check: true }
    }

    pub(crate) fn run(self) -> anyhow::Result<()> {
        let ignacio = build_ignacio()?;
        let document = output(std::process::Command::new(ignacio).arg("openapi"))?;
        write_or_check(PATH, &document, self.check, "openapi")
    }
}
