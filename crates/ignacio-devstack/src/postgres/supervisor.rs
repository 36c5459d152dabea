//! A command on a leash: it ends when this process ends, however that happens.

use std::{
    ffi::OsString,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    thread,
    time::Duration,
};

use std::os::unix::process::CommandExt as _;

use super::home::Home;
use crate::DevstackError;

/// The shell that holds the other end of the leash.
const SCRIPT: &str = include_str!("supervise.sh");

/// How a command is asked to end.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ending {
    /// Finish what is being written, then stop.
    Fast,
    /// Stop as if the power had failed: for data that nobody will read again.
    Immediate,
}

/// What to run and what to do when it has ended.
pub(super) struct Leashed {
    /// The program's full path.
    pub(super) program: PathBuf,
    /// Its arguments.
    pub(super) arguments: Vec<OsString>,
    /// Variables that it needs besides ours.
    pub(super) variables: Vec<(&'static str, String)>,
    /// How it is asked to end.
    pub(super) ending: Ending,
    /// A folder that goes away with it.
    pub(super) doomed: Option<PathBuf>,
}

/// A running command and our end of its leash.
#[derive(Debug)]
pub(super) struct Supervisor {
    shell: Child,
    leash: Option<ChildStdin>,
    lifeline: thread::JoinHandle<()>,
}

impl Supervisor {
    /// Starts the command as the home's account, writing to the home's log.
    pub(super) fn start(home: &Home, leashed: Leashed) -> Result<Self, DevstackError> {
        let mut shell = Command::new("/bin/sh");
        shell.arg("-c").arg(SCRIPT).arg("supervise").arg(leashed.ending.signal());
        shell.arg(leashed.doomed.unwrap_or_default()).arg(home.log());
        shell.arg(leashed.program).args(leashed.arguments).envs(leashed.variables);
        // Its own process group, so that Ctrl-C at a terminal reaches the service first.
        shell.current_dir("/").process_group(0);
        shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        if let Some(account) = &home.account {
            account.apply(&mut shell);
        }
        let mut shell =
            shell.spawn().map_err(DevstackError::system("start a shell to watch the server"))?;

        let leash = shell.stdin.take();
        let output = shell.stdout.take();
        // Nothing is ever written there: the read returns when the last holder has ended.
        let lifeline = thread::Builder::new()
            .name("devstack-lifeline".to_owned())
            .spawn(move || {
                let _ended = output.map(|mut it| it.read_to_end(&mut Vec::new()));
            })
            .map_err(DevstackError::system("start a thread to watch the server"))?;
        Ok(Self { shell, leash, lifeline })
    }

    /// Whether the command has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.lifeline.is_finished()
    }

    /// Waits for a command that ends by itself, and says how it ended.
    pub(super) fn finish(&mut self, limit: Duration) -> Result<ExitStatus, DevstackError> {
        let pause = Duration::from_millis(5);
        for _ in 0..limit.as_millis() / pause.as_millis() {
            if self.has_ended() {
                break;
            }
            thread::sleep(pause);
        }
        self.keep();
        self.stop()
    }

    /// Spares the folder that was to go away with the command.
    pub(super) fn keep(&mut self) {
        if let Some(leash) = &mut self.leash {
            // A shell that is gone has nothing left to spare.
            let _gone = leash.write_all(b"keep\n");
        }
    }

    /// Stops the command and waits until it is gone.
    pub(super) fn stop(&mut self) -> Result<ExitStatus, DevstackError> {
        drop(self.leash.take());
        self.shell.wait().map_err(DevstackError::system("wait for the database server to stop"))
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            tracing::warn!(%error, "a program of the devstack may still run");
        }
    }
}

impl Ending {
    fn signal(self) -> &'static str {
        match self {
            Self::Fast => "INT",
            Self::Immediate => "QUIT",
        }
    }
}

/// The last line with content in a log, for messages.
pub(super) fn last_words(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let line = text.lines().rev().find(|line| !line.trim().is_empty());
    line.unwrap_or("it wrote nothing").trim().to_owned()
}
