//! The program `ignacio`: reads the settings, wires the crates together and runs them.
//!
//! This crate knows the environment, the command line, signals, exit codes, logs and metrics, and how
//! the other crates depend on each other. All other decisions belong to those crates.

mod background;
mod cli;
mod commands;
mod exit_error;
mod serve;
mod settings;
mod shutdown;
mod startup;
mod telemetry;
mod work;

use anyhow::Context as _;

pub use self::{cli::Cli, exit_error::ExitError, settings::Environment};
use self::{
    cli::{Admin, Audit, Command, Migrate, Storage},
    settings::{ServeSettings, WorkSettings},
};

/// Runs the command that the command line names.
pub fn run(cli: Cli, environment: &Environment) -> Result<(), ExitError> {
    ignacio_integrations::http::install_crypto();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime cannot start")?;
    let result = runtime.block_on(Box::pin(dispatch(cli.command, environment)));
    // Does not wait for abandoned work: the second signal means immediately.
    runtime.shutdown_background();
    result
}

async fn dispatch(command: Command, environment: &Environment) -> Result<(), ExitError> {
    match command {
        Command::Serve(options) => {
            serve::run(ServeSettings::read(environment, options.with_worker)?).await
        }
        Command::Work => work::run(WorkSettings::read(environment)?).await,
        Command::Migrate(options) => match options.way.unwrap_or(Migrate::Up(options.up)) {
            Migrate::Up(up) => {
                commands::migrate_up(&settings::for_migrate_up(environment)?, up.plan).await
            }
            Migrate::Down(down) => {
                commands::migrate_down(&settings::database_url(environment)?, down.steps).await
            }
            Migrate::Status => {
                commands::migrate_status(&settings::database_url(environment)?).await
            }
        },
        Command::Admin(Admin::Create(admin)) => {
            commands::create_admin(&settings::database_url(environment)?, admin).await
        }
        Command::Audit(Audit::Verify { since }) => {
            commands::verify_audit(&settings::database_url(environment)?, since).await
        }
        Command::Storage(Storage::Ensure) => {
            commands::ensure_bucket(settings::for_storage(environment)?).await
        }
        Command::Openapi => {
            commands::print_openapi();
            Ok(())
        }
    }
}
