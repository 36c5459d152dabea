//! A command on a leash: it ends when this process ends, however that happens.

use std::{
    ffi::OsStr,
    io::{Read as _, Write as _},
    os::unix::process::CommandExt as _,
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
};

use anyhow::Context as _;

use crate::environment::root;

/// The shell that holds the other end.
const SCRIPT: &str = include_str!("leash.sh");

/// A running command and our end of its leash. Letting go of it stops the command.
#[derive(Debug)]
pub(crate) struct Leash {
    shell: Child,
    order: Option<ChildStdin>,
    output: Option<ChildStdout>,
}

impl Leash {
    /// Starts a command in the workspace; what it says about itself goes to `errors`.
    pub(crate) fn start(command: &Command, errors: Stdio) -> anyhow::Result<Self> {
        let mut shell = Command::new("/bin/sh");
        shell.args([OsStr::new("-c"), OsStr::new(SCRIPT), OsStr::new("leash")]);
        shell.arg(command.get_program()).args(command.get_args()).current_dir(root());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        // Its own process group: a Ctrl-C at the terminal reaches us alone, and we stop it in order.
        shell.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors);
        let name = command.get_program().to_string_lossy();
        let mut shell = shell.spawn().with_context(|| format!("{name} cannot be run"))?;
        let (order, output) = (shell.stdin.take(), shell.stdout.take());
        Ok(Self { shell, order, output })
    }

    /// The process of the shell that holds the command.
    pub(crate) fn shell(&self) -> u32 {
        self.shell.id()
    }

    /// What the command prints; the end of it is the end of the command. To be taken once.
    pub(crate) fn take_output(&mut self) -> impl FnOnce() -> Vec<u8> + Send + 'static {
        let output = self.output.take();
        move || {
            let mut text = Vec::new();
            // What could be read before a failure is all that there is.
            let _cut = output.map(|mut it| it.read_to_end(&mut text));
            text
        }
    }

    /// Asks the command to end.
    pub(crate) fn stop(&mut self) {
        self.say("stop\n");
    }

    /// Ends the command at once.
    pub(crate) fn stop_now(&mut self) {
        self.say("now\n");
    }

    /// Stops the command unless it has ended, waits for it, and says how it ended.
    pub(crate) fn finish(&mut self) -> std::io::Result<ExitStatus> {
        drop(self.order.take());
        self.shell.wait()
    }

    fn say(&mut self, word: &str) {
        if let Some(order) = &mut self.order {
            // A shell that is gone has nothing left to stop.
            let _gone = order.write_all(word.as_bytes());
        }
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        // There is nobody left to tell.
        let _ended = self.finish();
    }
}

#[cfg(test)]
mod tests {
    //! Nothing outlives its leash.

    use std::{
        fs,
        path::Path,
        thread,
        time::{Duration, Instant},
    };

    use super::*;

    fn sh(script: &str) -> Leash {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]).env("WORD", "hola");
        Leash::start(&command, Stdio::null()).unwrap()
    }

    /// Waits until a file has a line in it.
    fn line_in(path: &Path) -> String {
        for _ in 0..500 {
            let text = fs::read_to_string(path).unwrap_or_default();
            if text.ends_with('\n') {
                return text.trim().to_owned();
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("{} stayed empty", path.display());
    }

    #[test]
    fn a_command_gives_its_output_and_its_status() {
        let mut leash = sh("echo $WORD; exit 7");
        assert_eq!(leash.take_output()(), b"hola\n");
        assert_eq!(leash.finish().unwrap().code(), Some(7));
    }

    #[test]
    fn letting_go_ends_the_command_and_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let ready = folder.path().join("ready");
        let mut leash = sh(&format!("sleep 60 & echo > {}; wait", ready.display()));
        let output = leash.take_output();
        line_in(&ready);
        let began = Instant::now();
        drop(leash);
        // The end of the output is the end of all who could still write to it.
        output();
        assert!(began.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn a_command_may_end_in_its_own_way_or_be_ended() {
        let folder = tempfile::tempdir().unwrap();
        let ready = folder.path().join("ready");
        let loops = |trap: &str| {
            format!("trap '{trap}' TERM; echo > {}; while :; do sleep 0.05; done", ready.display())
        };
        let mut polite = sh(&loops("exit 3"));
        line_in(&ready);
        polite.stop();
        polite.take_output()();
        assert_eq!(polite.finish().unwrap().code(), Some(3));

        fs::remove_file(&ready).unwrap();
        let mut stubborn = sh(&loops("echo no"));
        line_in(&ready);
        stubborn.stop();
        stubborn.stop_now();
        stubborn.take_output()();
        assert!(!stubborn.finish().unwrap().success());
    }
}
