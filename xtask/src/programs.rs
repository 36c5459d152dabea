//! Programs that the tools run, cargo first of all.

use std::{
    io::BufReader,
    path::PathBuf,
    process::{Command, ExitStatus, Stdio},
};

use anyhow::{Context as _, bail};
use cargo_metadata::Message;
use ignacio_devstack::supervised_process::{SupervisedProcess, Supervision};

use crate::environment::{root, variable};

/// What `cargo run` tells the program that it runs. Build scripts would take it for news, and half
/// of the dependencies would be compiled again.
const OF_CARGO_RUN: [&str; 5] = [
    "CARGO_PKG_",
    "CARGO_MANIFEST_",
    "CARGO_CRATE_NAME",
    "CARGO_BIN_NAME",
    "CARGO_PRIMARY_PACKAGE",
];

/// The cargo that runs this tool, at work in the workspace.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = Command::new(variable("CARGO").unwrap_or_else(|| "cargo".to_owned()));
    cargo.args(arguments).current_dir(root());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if OF_CARGO_RUN.iter().any(|start| text.starts_with(start)) {
            cargo.env_remove(&name);
        }
    }
    cargo
}

/// Runs a command to its end, its output shown.
pub(crate) fn status(command: &mut Command) -> anyhow::Result<ExitStatus> {
    command.status().with_context(|| format!("{} cannot be run", name(command)))
}

/// Runs a command to its end and gives what it printed; what it says about itself is shown.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    let name = name(command);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("{name} cannot be run"))?;
    if !output.status.success() {
        bail!("{name} failed ({}): what it said is above", output.status);
    }
    String::from_utf8(output.stdout)
        .with_context(|| format!("{name} printed something else than text"))
}

/// Builds the program `ignacio`, with cargo's messages shown, and says where it is.
pub(crate) fn build_ignacio() -> anyhow::Result<PathBuf> {
    let mut build = Build::start()?;
    let messages = build.take_messages()();
    build.finish(&messages)
}

/// The same, as a deployment runs it.
pub(crate) fn build_optimised_ignacio() -> anyhow::Result<PathBuf> {
    let mut build = Build::start_with(&["--release"])?;
    let messages = build.take_messages()();
    build.finish(&messages)
}

/// A build of the program `ignacio` that is going on; letting go of it stops it.
pub(crate) struct Build(SupervisedProcess);

impl Build {
    /// Starts it, with cargo's messages shown.
    pub(crate) fn start() -> anyhow::Result<Self> {
        Self::start_with(&[])
    }

    fn start_with(more: &[&str]) -> anyhow::Result<Self> {
        let mut command = cargo(&["build", "--package", "ignacio-server", "--bin", "ignacio"]);
        command.arg("--message-format=json-render-diagnostics").args(more);
        let supervision = Supervision { errors: Stdio::inherit(), ..Supervision::default() };
        let process = SupervisedProcess::start(&command, supervision);
        Ok(Self(process.context("cargo cannot be run")?))
    }

    /// Waits for what the build tells to programs, which ends with it. To be taken once.
    pub(crate) fn take_messages(&mut self) -> impl FnOnce() -> Vec<u8> + Send + 'static {
        self.0.take_output()
    }

    /// Where the program is, by the build's messages.
    pub(crate) fn finish(mut self, messages: &[u8]) -> anyhow::Result<PathBuf> {
        if !self.0.finish()?.success() {
            bail!("`ignacio` does not build: correct what cargo says above and start again");
        }
        executable(messages).context("cargo did not say where it put `ignacio`")
    }
}

fn executable(messages: &[u8]) -> Option<PathBuf> {
    Message::parse_stream(BufReader::new(messages)).find_map(|message| match message {
        Ok(Message::CompilerArtifact(artifact)) if artifact.target.name == "ignacio" => {
            artifact.executable.map(PathBuf::from)
        }
        _ => None,
    })
}

fn name(command: &Command) -> String {
    let program = command.get_program().to_string_lossy().into_owned();
    program.rsplit('/').next().unwrap_or(&program).to_owned()
}
