//! `ignacio` as a child process, with an environment of its own.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, ChildStderr, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use ignacio_devstack::{DatabaseRole, TestDatabase, log_leak_scan};
use serde_json::Value;

/// How long a start or a stop may take on a busy machine.
const TIMEOUT: Duration = Duration::from_mins(1);

/// A secret that is long enough.
pub(crate) const SECRET: &str = "a secret for tests, long enough for anybody";

/// The variables of a process; nothing is inherited.
#[derive(Clone)]
pub(crate) struct Variables(BTreeMap<&'static str, String>);

impl Variables {
    /// No variables.
    pub(crate) fn none() -> Self {
        Self(BTreeMap::new())
    }

    /// The required settings of `serve`, on the database of a test, with no servers at the other
    /// addresses.
    pub(crate) fn for_serve(database: &TestDatabase) -> Self {
        Self::none()
            .with("DATABASE_URL", database.owner_url())
            .with("IGNACIO_SECRET", SECRET)
            .with("IGNACIO_DB_PASSWORD_API", password(database, DatabaseRole::Api))
            .with("IGNACIO_DB_PASSWORD_AUTH", password(database, DatabaseRole::Auth))
            .with("IGNACIO_DB_PASSWORD_WORKER", password(database, DatabaseRole::Worker))
            .with("IGNACIO_DB_PASSWORD_ADMIN", password(database, DatabaseRole::Admin))
            .with("IGNACIO_LISTEN", "127.0.0.1:0")
            .with("IGNACIO_METRICS_LISTEN", "127.0.0.1:0")
            .with("S3_ENDPOINT", "http://127.0.0.1:9")
            .with("S3_ACCESS_KEY_ID", "nobody")
            .with("S3_SECRET_ACCESS_KEY", "nothing")
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.0.insert(name, value.into());
        self
    }
}

/// How a process ended.
pub(crate) struct Output {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Output {
    /// The lines of its end, without what it logged before, such as that the machine is slow.
    pub(crate) fn last_words(&self) -> Vec<&str> {
        self.stderr.lines().filter(|line| !line.starts_with('{')).collect()
    }
}

/// Runs `ignacio` to its end.
pub(crate) fn run(arguments: &[&str], variables: &Variables) -> Output {
    let output = command(arguments, variables).output().unwrap();
    Output {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A running `ignacio serve` or `work`; dropping it kills it.
pub(crate) struct Running {
    child: Child,
    /// Its log lines.
    lines: mpsc::Receiver<String>,
    /// The address of the API.
    pub(crate) api: String,
    /// The address of the metrics.
    pub(crate) metrics: String,
}

impl Running {
    /// Starts `ignacio serve` and waits until it listens.
    pub(crate) fn start(arguments: &[&str], variables: &Variables) -> Self {
        let mut running = Self::spawn(arguments, variables);
        let listening = running.wait_for_line("listening");
        let address = |name: &str| format!("http://{}", listening[name].as_str().unwrap());
        running.api = address("address");
        running.metrics = format!("{}/metrics", address("metrics"));
        running
    }

    /// Starts `ignacio work` and waits until it is running.
    pub(crate) fn start_worker(variables: &Variables) -> Self {
        let mut running = Self::spawn(&["work"], variables);
        running.wait_for_line("working");
        running
    }

    fn spawn(arguments: &[&str], variables: &Variables) -> Self {
        let mut child = command(arguments, variables)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = read_lines(child.id(), child.stderr.take().unwrap());
        Self { child, lines, api: String::new(), metrics: String::new() }
    }

    /// The next line of the log with this message.
    pub(crate) fn wait_for_line(&mut self, message: &str) -> Value {
        let mut before = String::new();
        while let Ok(line) = self.lines.recv_timeout(TIMEOUT) {
            let value: Value = serde_json::from_str(&line).unwrap_or_default();
            if value["message"] == message {
                return value;
            }
            before.push_str(&line);
        }
        panic!("`{message}` was never logged, only:\n{before}")
    }

    /// Stops it gracefully, and returns what it has logged since it started.
    pub(crate) fn stop(self) -> String {
        self.signal("TERM");
        let mut log = String::new();
        // The lines end with the process.
        while let Ok(line) = self.lines.recv_timeout(TIMEOUT) {
            log.push_str(&line);
        }
        assert_eq!(self.wait(), Some(0), "{log}");
        log
    }

    /// The process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal, as `kill` does.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Waits for its end, and returns its exit code.
    pub(crate) fn wait(mut self) -> Option<i32> {
        for _ in 0..TIMEOUT.as_millis() / 20 {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("it did not end in {TIMEOUT:?}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A process that has ended cannot be killed.
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

/// A command for `ignacio`.
pub(crate) fn command(arguments: &[&str], variables: &Variables) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ignacio"));
    command.args(arguments).env_clear();
    if log_leak_scan::is_watching() {
        command.env("IGNACIO_LOG", "trace");
    }
    command.envs(&variables.0);
    command
}

/// Reads what a process logs, so that it never blocks.
fn read_lines(process: u32, stderr: ChildStderr) -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        let mut reader = BufReader::new(stderr);
        let mut line = String::new();
        while reader.read_line(&mut line).is_ok_and(|n_bytes| n_bytes > 0) {
            log_leak_scan::log(process, &line);
            if sender.send(std::mem::take(&mut line)).is_err() {
                // The receiver is gone; the process must not notice.
                let _rest = reader.read_to_end(&mut Vec::new());
                return;
            }
        }
    });
    lines
}

/// The password in a role's URL.
fn password(database: &TestDatabase, role: DatabaseRole) -> String {
    let url = database.url(role);
    let credentials = url.split("://").nth(1).unwrap().split('@').next().unwrap();
    credentials.split(':').nth(1).unwrap().to_owned()
}
