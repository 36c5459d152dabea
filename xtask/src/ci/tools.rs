//! The step `tools`: runs every command once, at its smallest size, so that none breaks unnoticed.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};

use super::pages;
use crate::{environment::SETTING_PREFIXES, programs::cargo};

/// The placeholder in a command line for the folder with the development data of this run.
const DATA: &str = "<data>";

/// The development stack that some of the commands need.
const DEV: &[&str] = &["dev", "--port", "0", "--data", DATA];

/// Commands that start the development database themselves.
const BEFORE_DEV: [&[&str]; 4] = [
    &["migrate", "--plan", "--data", DATA],
    &["migrate", "up", "--data", DATA],
    &["migrate", "down", "--steps", "1", "--data", DATA],
    &["migrate", "fresh", "--yes", "--data", DATA],
];

/// Commands that run alongside `dev`.
const BESIDE_DEV: [&[&str]; 6] = [
    &["migrate", "status", "--data", DATA],
    &["seed", "--data", DATA],
    &["admin", "create", "--phone", "+573001110009", "--name", "Eva Equipo", "--data", DATA],
    &["audit", "verify", "--data", DATA],
    &["storage", "ensure", "--data", DATA],
    &["demo", "--data", DATA],
];

/// Commands that need no other process.
const ALONE: [&[&str]; 4] = [
    &["bench", "streams", "--quick"],
    &["log-leak-scan", "--suite", "ignacio-persistence", "--filter", "outbox::"],
    &["rls-cost", "--users", "10", "--rounds", "1", "--seconds", "1"],
    &["rls-mutants", "--only", "message_feedback"],
];

/// How long a command may take, including compilation.
const TIME_LIMIT: Duration = Duration::from_mins(15);

/// How often to check whether a process has ended.
const POLL: Duration = Duration::from_millis(50);

/// Runs every command; `false` if one fails.
pub(super) fn run() -> anyhow::Result<bool> {
    let scratch = tempfile::tempdir().context("no folder for the development data")?;
    let mut run = Run { scratch: scratch.path().to_owned(), n_done: 0 };
    Ok(run.all(&BEFORE_DEV)? && run.dev()? && run.all(&ALONE)?)
}

/// A run of all commands.
struct Run {
    scratch: PathBuf,
    n_done: usize,
}

impl Run {
    /// Runs commands one after the other, up to the first that fails.
    fn all(&mut self, commands: &[&[&str]]) -> anyhow::Result<bool> {
        for words in commands {
            if !self.one(words)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Runs a command to its end and prints what it wrote if it fails.
    fn one(&mut self, words: &[&str]) -> anyhow::Result<bool> {
        let began = self.announce(words)?;
        let log = self.scratch.join("command.log");
        let is_done = wait(&mut self.start(words, &log)?)?;
        report(is_done, began, &log);
        Ok(is_done)
    }

    /// Starts `dev`, runs the commands that need it, and stops it gracefully.
    fn dev(&mut self) -> anyhow::Result<bool> {
        let began = self.announce(DEV)?;
        let log = self.scratch.join("dev.log");
        let mut dev = self.start(DEV, &log)?;
        let is_ready = until_ready(&mut dev, &log);
        report(is_ready, began, &log);
        let is_passed = is_ready && self.all(&BESIDE_DEV)? && self.curl_session()?;
        let pid = dev.id().to_string();
        let _gone = Command::new("kill").args(["-s", "TERM", &pid]).status()?;
        let is_stopped = wait(&mut dev)?;
        if !is_stopped && is_ready {
            println!("`dev` did not stop gracefully:\n{}", fs::read_to_string(&log)?);
        }
        Ok(is_passed && is_stopped)
    }

    /// Runs the README's session with curl.
    fn curl_session(&mut self) -> anyhow::Result<bool> {
        let began = self.announce_as("the README's session with curl")?;
        let log = self.scratch.join("curl.log");
        let mut session = pages::curl_session(&self.scratch.join("dev"))?;
        let mut process = logged(&mut session, &log)?.spawn().context("no bash")?;
        let is_done = wait(&mut process)?;
        report(is_done, began, &log);
        Ok(is_done)
    }

    fn announce(&mut self, words: &[&str]) -> anyhow::Result<Instant> {
        let shown: Vec<&str> =
            words.iter().copied().take_while(|word| *word != "--data" && *word != DATA).collect();
        self.announce_as(&format!("cargo xtask {}", shown.join(" ")))
    }

    fn announce_as(&mut self, what: &str) -> anyhow::Result<Instant> {
        self.n_done += 1;
        // `dev` and the session with curl.
        let total = BEFORE_DEV.len() + 2 + BESIDE_DEV.len() + ALONE.len();
        print!("{:>2}/{total} {what} … ", self.n_done);
        std::io::stdout().flush()?;
        Ok(Instant::now())
    }

    /// Starts a command as a developer types it, without the settings of this environment: it must
    /// never touch a real database.
    fn start(&self, words: &[&str], log: &Path) -> anyhow::Result<Child> {
        let data = self.scratch.join("dev");
        let data = data.to_str().context("the path of the temporary folder is not UTF-8")?;
        let mut command = cargo(&["run", "--quiet", "--package", "xtask", "--"]);
        command.args(words.iter().map(|word| if *word == DATA { data } else { *word }));
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if SETTING_PREFIXES.iter().any(|prefix| text.starts_with(prefix)) {
                command.env_remove(&name);
            }
        }
        logged(&mut command, log)?.spawn().context("cargo cannot be run")
    }
}

/// Sends what a command prints to a file.
fn logged<'c>(command: &'c mut Command, log: &Path) -> anyhow::Result<&'c mut Command> {
    let file = File::create(log)?;
    Ok(command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file))
}

/// Waits for the end of a process; `false` if it fails. One that takes too long is killed.
fn wait(process: &mut Child) -> anyhow::Result<bool> {
    let began = Instant::now();
    while began.elapsed() < TIME_LIMIT {
        if let Some(status) = process.try_wait()? {
            ensure!(status.code().is_some(), "the command was killed");
            return Ok(status.success());
        }
        thread::sleep(POLL);
    }
    process.kill()?;
    process.wait()?;
    bail!("the command did not end within {} minutes", TIME_LIMIT.as_secs() / 60)
}

/// Waits until `dev` prints that it is ready; `false` if it ends first.
fn until_ready(dev: &mut Child, log: &Path) -> bool {
    let began = Instant::now();
    while began.elapsed() < TIME_LIMIT && matches!(dev.try_wait(), Ok(None)) {
        let text = fs::read_to_string(log).unwrap_or_default();
        if text.lines().any(|line| line.starts_with("ready http://")) {
            return true;
        }
        thread::sleep(POLL);
    }
    false
}

fn report(is_done: bool, began: Instant, log: &Path) {
    println!("{:.1} s", began.elapsed().as_secs_f64());
    if !is_done {
        println!("{}\nthe command failed: its output is above", read(log));
    }
}

fn read(log: &Path) -> String {
    String::from_utf8_lossy(&fs::read(log).unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    //! No command can be forgotten.

    use std::collections::BTreeSet;

    use clap::{CommandFactory as _, Parser as _};

    use super::*;
    use crate::{Cli, ci::STEPS};

    /// Commands that are steps of their own, or this very command.
    const ELSEWHERE: [&str; 5] = ["ci", "openapi", "schema", "test", "tidy"];

    fn all() -> impl Iterator<Item = &'static [&'static str]> {
        BEFORE_DEV.into_iter().chain([DEV]).chain(BESIDE_DEV).chain(ALONE)
    }

    /// The commands without subcommands, as they are typed.
    fn leaves(command: &clap::Command, path: &str, found: &mut BTreeSet<String>) {
        if command.get_subcommands().next().is_none() {
            found.insert(path.to_owned());
        }
        for sub in command.get_subcommands() {
            leaves(sub, format!("{path} {}", sub.get_name()).trim_start(), found);
        }
    }

    #[test]
    fn every_command_runs_in_ci() {
        let mut commands = BTreeSet::new();
        leaves(&Cli::command(), "", &mut commands);
        for command in commands {
            let is_run = all().any(|words| words.join(" ").starts_with(&command));
            assert!(is_run || ELSEWHERE.contains(&&*command), "`{command}` does not run in ci");
        }
        let steps = STEPS.map(|(name, _)| name);
        for name in ELSEWHERE.into_iter().filter(|it| *it != "ci") {
            assert!(steps.contains(&name), "`{name}` is not a step of ci");
        }
    }

    #[test]
    fn the_command_lines_are_valid() {
        for words in all() {
            let line = ["cargo xtask"].iter().chain(words);
            assert!(Cli::try_parse_from(line).is_ok(), "{words:?}");
        }
    }
}
