//! A child process that ends when this process ends, however that happens.

use std::{
    ffi::OsStr,
    io::{self, Read as _, Write as _},
    os::unix::process::CommandExt as _,
    path::PathBuf,
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    thread::{self, JoinHandle},
};

/// The shell that holds the other end of the pipe.
const SCRIPT: &str = include_str!("supervise.sh");

/// How a process is run and how it is ended.
#[derive(Debug)]
pub struct Supervision {
    /// The signal that asks it to end.
    pub signal: &'static str,
    /// The signal that follows 30 seconds later.
    pub last_signal: &'static str,
    /// A folder that is removed after its end.
    pub doomed: Option<PathBuf>,
    /// A file for its output, which is read otherwise.
    pub log: Option<PathBuf>,
    /// Where its errors go, unless they go to `log`.
    pub errors: Stdio,
    /// The user and the group to run as, unless they are this process's own.
    pub user: Option<(u32, u32)>,
}

impl Default for Supervision {
    fn default() -> Self {
        Self {
            signal: "TERM",
            last_signal: "KILL",
            doomed: None,
            log: None,
            errors: Stdio::null(),
            user: None,
        }
    }
}

/// A running command, its children and the shell that watches them. Dropping it stops them and
/// waits for their end; they are stopped as well when this process is killed.
#[derive(Debug)]
pub struct SupervisedProcess {
    shell: Child,
    orders: Option<ChildStdin>,
    output: Option<JoinHandle<Vec<u8>>>,
}

impl SupervisedProcess {
    /// Starts a command: its program, arguments, variables and folder count.
    pub fn start(command: &Command, supervision: Supervision) -> io::Result<Self> {
        let Supervision { signal, last_signal, doomed, log, errors, user } = supervision;
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", SCRIPT, "supervise", signal, last_signal]);
        for path in [doomed, log] {
            shell.arg(path.as_deref().map_or(OsStr::new(""), |it| it.as_os_str()));
        }
        shell.arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            shell.current_dir(folder);
        }
        if let Some((uid, gid)) = user {
            shell.uid(uid).gid(gid);
        }
        // Its own process group: a Ctrl-C at the terminal reaches us alone, and we stop it in order.
        shell.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors);
        let mut shell = shell.spawn()?;
        let (orders, output) = (shell.stdin.take(), shell.stdout.take());
        let read = move || {
            let mut text = Vec::new();
            // What could be read before a failure is all that there is.
            let _cut = output.map(|mut it| it.read_to_end(&mut text));
            text
        };
        let output = thread::Builder::new().name("supervised-output".to_owned()).spawn(read)?;
        Ok(Self { shell, orders, output: Some(output) })
    }

    /// The process of the shell that watches the command.
    pub fn shell(&self) -> u32 {
        self.shell.id()
    }

    /// Whether the command and its children have ended.
    pub fn has_ended(&self) -> bool {
        self.output.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Returns a function that waits for the end of the command and returns its output, once.
    pub fn take_output(&mut self) -> impl FnOnce() -> Vec<u8> + Send + 'static {
        let output = self.output.take();
        move || output.and_then(|it| it.join().ok()).unwrap_or_default()
    }

    /// Asks the command to end.
    pub fn stop(&mut self) {
        self.order("stop\n");
    }

    /// Kills the command.
    pub fn stop_now(&mut self) {
        self.order("now\n");
    }

    /// Keeps the folder that was to be removed.
    pub fn keep_folder(&mut self) {
        self.order("keep\n");
    }

    /// Stops the command unless it has ended, waits for it, and returns how it ended.
    pub fn finish(&mut self) -> io::Result<ExitStatus> {
        drop(self.orders.take());
        self.shell.wait()
    }

    fn order(&mut self, order: &str) {
        if let Some(orders) = &mut self.orders {
            // A shell that is gone has nothing left to stop.
            let _gone = orders.write_all(order.as_bytes());
        }
    }
}

impl Drop for SupervisedProcess {
    fn drop(&mut self) {
        if let Err(error) = self.finish() {
            tracing::warn!(%error, "a supervised process may still run");
        }
    }
}
