//! `cargo xtask dev`: the product and everything around it, on this machine.

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

/// How long the service may take until it is ready.
const READY_LIMIT: Duration = Duration::from_mins(1);

/// Run Ignacio and everything that it talks to on this machine, until Ctrl-C.
///
/// Starts a private PostgreSQL, an S3 store, and stand-ins for OpenAI and WhatsApp; migrates,
/// makes the people of `seed`, and runs the service with its worker. Prints what runs where, and
/// then `ready http://127.0.0.1:8080`. A part whose variables are set is the real one instead:
/// `DATABASE_URL` (with `IGNACIO_SECRET`), `S3_*`, `OPENAI_API_KEY` or `OPENAI_BASE_URL`,
/// `WHATSAPP_*`.
///
/// The data stay in `.dev`, and a second start finds them. What runs where is also written to
/// `.dev/dev.json`, for tools.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  cargo xtask dev
  cargo xtask dev --port 8090 --data .dev/second    a second one beside the first
  cargo xtask dev --fresh                           begin with empty data
  OPENAI_API_KEY=sk-… cargo xtask dev               with the real OpenAI

Log in as Ana:
  curl -X POST http://127.0.0.1:8080/v1/auth/otp -H 'content-type: application/json' \\
       -d '{\"phone\":\"+573001110002\"}'
  curl \"$(jq -r .whatsapp .dev/dev.json)/outbox?to=%2B573001110002\"   # the code")]
pub(crate) struct Dev {
    /// The port of the API on 127.0.0.1; 0 takes any free one.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Where the data lie.
    #[arg(long, default_value = ".dev")]
    data: PathBuf,
    /// Throw the data away first.
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
            bail!("the service ended by itself; the end of its log:\n{words}");
        }
        say("stopping");
        running.stop(&mut stop).await;
        say("stopped");
        Ok(ExitCode::SUCCESS)
    }

    /// Brings everything up, to the line `ready`.
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
        let people = seed::seed(&dependencies.database.owner.clone().into()).await?;
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
        output::table(&file, &dependencies, people, &data);
        output::times(began.elapsed(), building);
        say(&format!("ready {}", file.api));
        service.show_log();
        Ok(Running { service, dependencies, data })
    }
}

/// `dev` sets the passwords of the database's roles and seeds an admin: neither may happen to a
/// deployment by accident.
fn refuse_a_deployment() -> anyhow::Result<()> {
    environment::refuse_production("dev")?;
    let (url, secret) =
        (environment::secret("DATABASE_URL")?, environment::secret("IGNACIO_SECRET")?);
    if url.is_some() && secret.is_none() {
        bail!(
            "DATABASE_URL is set and IGNACIO_SECRET is not: `dev` would give the roles of that \
             server new passwords. Set both, or unset DATABASE_URL"
        );
    }
    Ok(())
}

/// Everything, up and running.
struct Running {
    service: Service,
    dependencies: Dependencies,
    data: PathBuf,
}

impl Running {
    /// Stops the service, then what it stands on.
    async fn stop(mut self, signals: &mut StopSignals) {
        self.service.stop();
        tokio::select! {
            () = self.service.ended() => {}
            () = signals.next() => {
                say("stopping at once");
                self.service.stop_now();
                self.service.ended().await;
            }
        }
        self.service.shown().await;
        // Tools must not take what is gone for running.
        drop(fs::remove_file(DevFile::path(&self.data)));
        let Self { service, dependencies, .. } = self;
        let stopping = tokio::task::spawn_blocking(move || {
            drop(service);
            drop(dependencies);
        });
        if let Err(error) = stopping.await {
            say(&format!("something did not stop in order: {error}"));
        }
    }
}

/// The wish to stop: SIGTERM or Ctrl-C.
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

/// An address on the loopback that nobody uses at this moment.
pub(crate) fn address_for(port: u16) -> anyhow::Result<String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).with_context(|| {
        format!(
            "port {port} on 127.0.0.1 is taken: stop what uses it, or choose another with --port"
        )
    })?;
    Ok(listener.local_addr()?.to_string())
}

/// Throws away what `dev` keeps, and nothing else that may lie in the folder.
async fn wipe(data: &Path) -> anyhow::Result<()> {
    let postgres = deployment::postgres_folder(data);
    tokio::task::spawn_blocking(move || Cluster::wipe(&postgres)).await??;
    let names = ["s3", "openai", "ignacio.log"].map(|name| data.join(name));
    for path in names.into_iter().chain([DevFile::path(data), deployment::secret_file(data)]) {
        let gone = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed(&path, gone)?;
    }
    Ok(())
}

/// What was not there is removed.
fn removed(path: &Path, result: std::io::Result<()>) -> anyhow::Result<()> {
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
    output(&mut command).map(drop).context("the bucket cannot be made")
}
