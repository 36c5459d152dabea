//! `cargo xtask dev`: the product and its dependencies, on this machine.

mod dependencies;
mod output;
pub(crate) mod service;

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use clap::Args;
use ignacio_devstack::Cluster;
use ignacio_domain::keys::MasterSecret;
use tokio::signal::unix::{Signal, SignalKind, signal};

use self::{dependencies::Dependencies, output::say, service::Service};
use crate::{
    deployment::{self, DevFile},
    environment::{self, in_root, shown},
    programs::{Build, output},
    seed,
};

/// How long the service may take to become ready.
const READY_LIMIT: Duration = Duration::from_mins(1);

/// Run Ignacio and its dependencies on this machine, until Ctrl-C.
///
/// Starts a private PostgreSQL, an S3 store, and stand-ins for OpenAI and WhatsApp; migrates the
/// database, creates the users of `seed`, and runs the service with its worker. Prints the
/// addresses, and then `ready http://127.0.0.1:8080`. If the variables of a dependency are set, the
/// real one is used instead: `DATABASE_URL` (with `IGNACIO_SECRET`), `S3_*`, `OPENAI_API_KEY` or
/// `OPENAI_BASE_URL`, `WHATSAPP_*`.
///
/// The data stays in `.dev` for the next start. `.dev/dev.json` has the addresses for other tools.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  cargo xtask dev
  cargo xtask dev --port 8090 --data .dev/second    a second instance
  cargo xtask dev --fresh                           delete the data and start empty
  OPENAI_API_KEY=sk-… cargo xtask dev               with the real OpenAI

Log in as Ana:
  curl -X POST http://127.0.0.1:8080/v1/auth/otp -H 'content-type: application/json' \\
       -d '{\"phone\":\"+573001110002\"}'
  curl \"$(jq -r .whatsapp .dev/dev.json)/outbox?to=%2B573001110002\"   # the code")]
pub(crate) struct Dev {
    /// The port of the API on 127.0.0.1; 0 picks a free one.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The folder for the data.
    #[arg(long, default_value = ".dev")]
    data: PathBuf,
    /// First delete the data of earlier runs: the database, the uploaded files, the files and vector
    /// stores of the OpenAI stand-in, the log and the secret. Needed when the database has an older
    /// schema than this version can migrate.
    #[arg(long)]
    fresh: bool,
}

impl Dev {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let mut stop = StopSignals::listen()?;
        let mut running = tokio::select! {
            started = Box::pin(self.start()) => started?,
            () = stop.next() => {
                say("stopped before it was ready");
                return Ok(ExitCode::SUCCESS);
            }
        };
        let ended = tokio::select! {
            () = running.service.ended() => true,
            () = stop.next() => false,
        };
        if ended {
            let words = running.service.last_words();
            running.stop(&mut stop).await;
            bail!("the service stopped unexpectedly; the end of its log:\n{words}");
        }
        say("stopping");
        running.stop(&mut stop).await;
        say("stopped");
        Ok(ExitCode::SUCCESS)
    }

    /// Starts everything, up to the line `ready`.
    async fn start(self) -> anyhow::Result<Running> {
        let began = Instant::now();
        refuse_a_deployment()?;
        let data = in_root(&self.data);
        let api = address_for(self.port)?;
        let metrics = address_for(0)?;
        if self.fresh {
            wipe(&data).await?;
        }
        deployment::make_folder(&data)?;
        let secret = deployment::dev_secret(&data)?;

        let secret = MasterSecret::parse(secret).context("IGNACIO_SECRET cannot be used")?;
        let mut build = Build::start()?;
        let messages = build.take_messages();
        let built = tokio::task::spawn_blocking(move || (messages(), began.elapsed()));
        let dependencies = Box::pin(Dependencies::start(&data, &secret, &api)).await?;
        let n_created = seed::seed(&dependencies.database.owner.clone().into()).await?;
        let (messages, building) = built.await?;
        let ignacio = build.finish(&messages)?;
        let variables = dependencies.variables(&api, &metrics, &data)?;
        ensure_bucket(&ignacio, &variables)?;

        let log = data.join("ignacio.log");
        let mut service = Service::start(&ignacio, &variables, &log)?;
        let file = dependencies.dev_file(&api, &metrics, &data, &log);
        file.write(&data)?;
        let ready = tokio::time::timeout(READY_LIMIT, service.ready(&api)).await;
        if !matches!(ready, Ok(true)) {
            let words = service.last_words();
            drop(fs::remove_file(DevFile::path(&data)));
            bail!("the service did not become ready; the end of {}:\n{words}", shown(&log));
        }
        output::table(&file, &dependencies, n_created, &data);
        output::times(began.elapsed(), building);
        say(&format!("ready {}", file.api));
        service.show_log();
        Ok(Running { service, dependencies, data })
    }
}

/// `dev` sets the passwords of the database roles and seeds an admin. Neither must happen to a
/// deployment by accident.
fn refuse_a_deployment() -> anyhow::Result<()> {
    environment::refuse_production("dev")?;
    let (url, secret) =
        (environment::secret("DATABASE_URL")?, environment::secret("IGNACIO_SECRET")?);
    if url.is_some() && secret.is_none() {
        bail!(
            "DATABASE_URL is set but IGNACIO_SECRET is not: `dev` would change the passwords of the \
             roles of that server. Set both, or unset DATABASE_URL"
        );
    }
    Ok(())
}

/// Everything that is running.
struct Running {
    service: Service,
    dependencies: Dependencies,
    data: PathBuf,
}

impl Running {
    /// Stops the service, then its dependencies.
    async fn stop(mut self, signals: &mut StopSignals) {
        self.service.stop();
        tokio::select! {
            () = self.service.ended() => {}
            () = signals.next() => {
                say("stopping immediately");
                self.service.stop_now();
                self.service.ended().await;
            }
        }
        self.service.shown().await;
        // Other tools take this file as the sign of a running `dev`.
        drop(fs::remove_file(DevFile::path(&self.data)));
        let Self { service, dependencies, .. } = self;
        let stopping = tokio::task::spawn_blocking(move || {
            drop(service);
            drop(dependencies);
        });
        if let Err(error) = stopping.await {
            say(&format!("something did not stop gracefully: {error}"));
        }
    }
}

/// The signals that stop `dev`: SIGTERM and Ctrl-C.
struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    fn listen() -> anyhow::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// A free address on the loopback interface.
pub(crate) fn address_for(port: u16) -> anyhow::Result<String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).with_context(|| {
        format!(
            "port {port} on 127.0.0.1 is in use: stop the process that uses it, or choose another port with --port"
        )
    })?;
    Ok(listener.local_addr()?.to_string())
}

/// Deletes the data of `dev`, and nothing else in the folder.
async fn wipe(data: &Path) -> anyhow::Result<()> {
    let postgres = deployment::postgres_folder(data);
    tokio::task::spawn_blocking(move || Cluster::wipe(&postgres)).await??;
    let names = ["s3", "openai", "ignacio.log"].map(|name| data.join(name));
    for path in names.into_iter().chain([DevFile::path(data), deployment::secret_file(data)]) {
        let gone = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        ignore_missing(&path, gone)?;
    }
    Ok(())
}

/// A file that does not exist counts as removed.
fn ignore_missing(path: &Path, result: std::io::Result<()>) -> anyhow::Result<()> {
    match result {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} cannot be removed", shown(path)))
        }
        _ => Ok(()),
    }
}

fn ensure_bucket(ignacio: &Path, variables: &[(String, String)]) -> anyhow::Result<()> {
    let mut command = std::process::Command::new(ignacio);
    command.args(["storage", "ensure"]).envs(variables.iter().cloned());
    output(&mut command).map(drop).context("the bucket could not be created")
}
