//! `cargo xtask bench`: how fast the product is, and what it takes.

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

/// Measure the product: how fast it is and what it takes.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    #[command(subcommand)]
    what: What,
}

/// Does the same once more with an optimised program: the load and the stand-in share the machine
/// with what is measured, and must take little of it.
fn again_optimised() -> anyhow::Result<ExitCode> {
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
        if cfg!(debug_assertions) {
            return tokio::task::spawn_blocking(again_optimised).await?;
        }
        match self.what {
            What::Streams(streams) => streams.run().await,
        }
    }
}
