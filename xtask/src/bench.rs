//! `cargo xtask bench`: how fast the product is, and what it uses.

mod disconnects;
mod http_response;
mod load;
mod processes;
mod reader;
mod report;
mod stack;
mod statistics;
mod streams;
mod tokens;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::programs::{cargo, status};

/// Measure how fast the product is and what it uses.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    #[command(subcommand)]
    what: What,
}

/// Runs the same command with an optimised build: the load client and the stand-ins share the
/// machine with the service and must use little of it.
fn rerun_optimised() -> anyhow::Result<ExitCode> {
    let mut command = cargo(&["run", "--release", "--package", "xtask", "--"]);
    command.args(std::env::args_os().skip(1));
    let ended = status(&mut command)?;
    Ok(if ended.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[derive(Debug, Subcommand)]
enum What {
    Streams(streams::Streams),
}

impl Bench {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let What::Streams(streams) = self.what;
        if cfg!(debug_assertions) && !streams.is_quick() {
            return tokio::task::spawn_blocking(rerun_optimised).await?;
        }
        streams.run().await
    }
}
