//! The programs that the tools run, above all cargo.

use std::{
    io::BufReader,
    path::PathBuf,
    process::{Command, ExitStatus, Stdio},
};

use anyhow::{Context as _, bail};
use cargo_metadata::Message;
use ignacio_devstack::supervised_process::{SupervisedProcess, Supervision};

use crate::environment::{root, variable};

/// Variables that `cargo run` sets. Build scripts depend on some of them, so passing them on would
/// recompile half of the dependencies.
const CARGO_RUN_VARIABLES: [&str; 5] = [
    "CARGO_PKG_",
    "CARGO_MANIFEST_",
    "CARGO_CRATE_NAME",
    "CARGO_BIN_NAME",
    "CARGO_PRIMARY_PACKAGE",
];

/// A command of the cargo that runs this tool, in the workspace.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = Command::new(variable("CARGO").unwrap_or_else(|| "cargo".to_owned()));
    cargo.args(arguments).current_dir(root());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if CARGO_RUN_VARIABLES.iter().any(|start| text.starts_with(start)) {
            cargo.env_remove(&name);
        }
    }
    cargo
}

/// Runs a command to its end and shows its output.
pub(crate) fn status(command: &mut Command) -> anyhow::Result<ExitStatus> {
    command.status().with_context(|| format!("{} cannot be run", name(command)))
}

/// Runs a command to its end and returns its standard output. Standard error is shown.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    let name = name(command);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("{name} cannot be run"))?;
    if !output.status.success() {
        bail!("{name} failed ({}): its output is above", output.status);
    }
    String::from_utf8(output.stdout)
        .with_context(|| format!("{name} printed bytes that are not UTF-8"))
}

/// Builds the program `ignacio` and returns its path. Shows the messages of cargo.
pub(crate) fn build_ignacio() -> anyhow::Result<PathBuf> {
    let mut build = Build::start()?;
    let messages = build.take_messages()();
    build.finish(&messages)
}

/// The same with optimisation, as in a deployment.
pub(crate) fn build_optimised_ignacio() -> anyhow::Result<PathBuf> {
    let mut build = Build::start_with(&["--release"])?;
    let messages = build.take_messages()();
    build.finish(&messages)
}

/// A running build of the program `ignacio`. Dropping it stops it.
pub(crate) struct Build(SupervisedProcess);

impl Build {
    /// Starts the build and shows the messages of cargo.
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

    /// Waits for the machine-readable messages of the build. Can be taken once.
    pub(crate) fn take_messages(&mut self) -> impl FnOnce() -> Vec<u8> + Send + 'static {
        self.0.take_output()
    }

    /// The path of the program, from the messages of the build.
    pub(crate) fn finish(mut self, messages: &[u8]) -> anyhow::Result<PathBuf> {
        if !self.0.finish()?.success() {
            bail!("`ignacio` does not compile: fix the errors above and start again");
        }
        executable(messages).context("cargo did not report the path of `ignacio`")
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
