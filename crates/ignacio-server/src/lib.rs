//! The program `ignacio`: reads the settings, puts the parts together and runs them.
//!
//! Nothing is decided here that another crate could decide: this one knows the environment, the
//! command line, signals, exit codes, and which part is handed to which.

mod background;
mod cli;
mod failure;
mod serve;
mod settings;
mod shutdown;
mod startup;
mod telemetry;
mod tools;
mod work;

use anyhow::Context as _;

pub use self::{cli::Cli, failure::ExitError, settings::Environment};
use self::{
    cli::{Admin, Audit, Command, Migrate, Storage},
    settings::{ServeSettings, WorkSettings},
};

/// Does what was asked on the command line.
pub fn run(cli: Cli, environment: &Environment) -> Result<(), ExitError> {
    ignacio_integrations::http::install_crypto();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime does not start")?;
    let done = runtime.block_on(Box::pin(dispatch(cli.command, environment)));
    // What was given up on is not waited for: the second signal means at once.
    runtime.shutdown_background();
    done
}

async fn dispatch(command: Command, environment: &Environment) -> Result<(), ExitError> {
    match command {
        Command::Serve(options) => {
            serve::run(ServeSettings::read(environment, options.with_worker)?).await
        }
        Command::Work => work::run(WorkSettings::read(environment)?).await,
        Command::Migrate(options) => match options.way.unwrap_or(Migrate::Up(options.up)) {
            Migrate::Up(up) => {
                tools::migrate_up(&settings::for_migrate_up(environment)?, up.plan).await
            }
            Migrate::Down(down) => {
                tools::migrate_down(&settings::database_url(environment)?, down.steps).await
            }
            Migrate::Status => tools::migrate_status(&settings::database_url(environment)?).await,
        },
        Command::Admin(Admin::Create(admin)) => {
            tools::create_admin(&settings::database_url(environment)?, admin).await
        }
        Command::Audit(Audit::Verify { since }) => {
            tools::verify_audit(&settings::database_url(environment)?, since).await
        }
        Command::Storage(Storage::Ensure) => {
            tools::ensure_bucket(settings::for_storage(environment)?).await
        }
        Command::Openapi => {
            tools::print_openapi();
            Ok(())
        }
    }
}
