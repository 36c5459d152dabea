//! Makes a new cluster, which takes its place only when it is complete.

use std::{fs, process::Command};

use super::{
    SUPERUSER,
    binaries::Binaries,
    data_dir::DataDir,
    server::{last_line, supervise},
};
use crate::{DevstackError, loopback};

/// The locale that sorts as the service expects, and the one that exists everywhere.
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
    let [usual, everywhere] = LOCALES;
    run(dir, binaries, usual).or_else(|_missing| run(dir, binaries, everywhere))?;
    fs::rename(dir.unfinished(), dir.pgdata())
        .map_err(DevstackError::system("put the new cluster in its place"))
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
    // The end of the output is the end of the command.
    process.take_output()();
    process.keep_folder();
    let status = process.finish().map_err(DevstackError::system("wait for initdb"))?;
    if status.success() { Ok(()) } else { Err(dir.not_started("initdb", last_line(&dir.log()))) }
}
