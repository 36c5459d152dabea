//! `cargo xtask`: the tools of this repository.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool prints its results"
)]

mod admin;
mod audit;
mod bench;
mod ci;
mod demo;
mod deployment;
mod dev;
mod environment;
mod generated;
mod log_leak_scan;
mod migrate;
mod openapi;
mod postgres_tools;
mod programs;
mod rls_cost;
mod rls_mutants;
mod schema;
mod seed;
mod storage;
mod test;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The tools of the Ignacio repository.
///
/// Start with two of them: `cargo xtask dev` runs the product on this machine with stand-ins for
/// everything that it needs, and `cargo xtask test` runs the tests. Both need only Rust and
/// PostgreSQL's programs: no account and no container.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", after_long_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Examples:
  cargo xtask dev                    run Ignacio on http://127.0.0.1:8080
  cargo xtask demo                   in a second terminal: play a participant's session
  cargo xtask test                   run every test
  cargo xtask test -- -p ignacio-domain otp   run some of them
  cargo xtask ci                     what must pass before a change is merged

Commands that need a database use DATABASE_URL and IGNACIO_SECRET if they are set, and otherwise the
development database in .dev, which they start themselves if `dev` is not running.";

#[derive(Debug, Subcommand)]
enum Command {
    Dev(dev::Dev),
    Demo(demo::Demo),
    Test(test::Test),
    Ci(ci::Ci),
    LogLeakScan(log_leak_scan::LogLeakScan),
    Migrate(migrate::Migrate),
    Seed(seed::Seed),
    Admin(admin::Admin),
    Audit(audit::Audit),
    Bench(bench::Bench),
    Storage(storage::Storage),
    Openapi(openapi::Openapi),
    RlsCost(rls_cost::RlsCost),
    RlsMutants(rls_mutants::RlsMutants),
    Schema(schema::Schema),
    Tidy(tidy::Tidy),
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            for cause in error.chain().skip(1) {
                eprintln!("  caused by: {cause}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    // It fails only if a provider is installed already.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let done = |()| ExitCode::SUCCESS;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match command {
        Command::Dev(dev) => runtime.block_on(dev.run()),
        Command::Demo(demo) => runtime.block_on(demo.run()),
        Command::Test(test) => test.run(),
        Command::Ci(ci) => runtime.block_on(ci.run()),
        Command::Migrate(migrate) => runtime.block_on(migrate.run()).map(done),
        Command::Seed(seed) => runtime.block_on(seed.run()).map(done),
        Command::Admin(admin) => runtime.block_on(admin.run()),
        Command::Audit(audit) => runtime.block_on(audit.run()),
        Command::Bench(bench) => runtime.block_on(bench.run()),
        Command::LogLeakScan(scan) => scan.run(),
        Command::Storage(storage) => storage.run(),
        Command::RlsCost(cost) => runtime.block_on(cost.run()).map(done),
        Command::RlsMutants(mutants) => mutants.run(),
        Command::Openapi(openapi) => openapi.run().map(done),
        Command::Schema(schema) => runtime.block_on(schema.run()).map(done),
        Command::Tidy(_) => tidy::Tidy::run(),
    }
}

#[cfg(test)]
mod tests {
    //! The command line is consistent.

    use clap::CommandFactory as _;

    use super::Cli;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }
}
