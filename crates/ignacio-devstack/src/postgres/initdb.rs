//! Makes a new cluster, which takes its place only when it is complete.

use std::{fs, process::Command, thread, time::Duration};

use super::{
    SUPERUSER,
    binaries::Binaries,
    data_dir::DataDir,
    server::{last_line, supervise},
};
use crate::{DevstackError, loopback};

/// Longer than the slowest machine takes.
const LIMIT: Duration = Duration::from_mins(2);

/// The locale that sorts like the service expects, and the one that exists everywhere.
const LOCALES: [&str; 2] = ["C.UTF-8", "C"];

/// Makes the cluster of `dir` unless it is there already.
pub(super) fn ensure(dir: &DataDir, binaries: &Binaries) -> Result<(), DevstackError> {
    if dir.made_by().is_some() {
        return Ok(());
    }
    if dir.pgdata().exists() {
        return Err(dir.damaged("its version file is missing"));
    }
    dir.write_password(&loopback::secret())?;
    let mut failure = None;
    for locale in LOCALES {
        match run(dir, binaries, locale) {
            Ok(()) => {
                return fs::rename(dir.unfinished(), dir.pgdata())
                    .map_err(DevstackError::system("put the new cluster in its place"));
            }
            Err(error) => failure = Some(error),
        }
    }
    failure.map_or(Ok(()), Err)
}

fn run(dir: &DataDir, binaries: &Binaries, locale: &str) -> Result<(), DevstackError> {
    let target = dir.unfinished();
    if target.exists() {
        fs::remove_dir_all(&target).map_err(DevstackError::system("remove a half-made cluster"))?;
    }
    let mut command = Command::new(binaries.program("initdb"));
    command.arg("--pgdata").arg(&target).arg("--pwfile").arg(dir.password_file());
    command.args(["--username", SUPERUSER, "--auth", "scram-sha-256", "--encoding", "UTF8"]);
    command.args(["--locale", locale, "--no-sync"]);
    let doomed = if dir.temporary { dir.root.clone() } else { target };
    let mut process = supervise(dir, command, "INT", Some(doomed))?;
    let pause = Duration::from_millis(5);
    for _ in 0..LIMIT.as_millis() / pause.as_millis() {
        if process.has_ended() {
            break;
        }
        thread::sleep(pause);
    }
    process.keep_folder();
    let status = process.finish().map_err(DevstackError::system("wait for initdb"))?;
    if status.success() {
        return Ok(());
    }
    Err(DevstackError::NotStarted {
        program: "initdb",
        detail: last_line(&dir.log()),
        log: dir.log(),
    })
}
