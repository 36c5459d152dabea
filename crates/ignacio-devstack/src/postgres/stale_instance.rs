//! What a killed run left behind: a server that still runs, or its pid file.

use std::{fs, path::Path, process::Command};

use super::{binaries::Binaries, data_dir::DataDir, server::last_line};
use crate::DevstackError;

/// Stops the server that still runs on the folder's data, if there is one. The folder is locked, so
/// nobody needs that server.
pub(super) fn stop(dir: &DataDir, binaries: &Binaries) -> Result<(), DevstackError> {
    let pgdata = dir.pgdata();
    match recorded_pid(&pgdata).and_then(command_line) {
        Some(line) if line.contains(&*pgdata.to_string_lossy()) => {
            tracing::warn!("stopping a database server that an earlier run left behind");
            pg_ctl_stop(dir, binaries, "fast")
                .or_else(|_slow| pg_ctl_stop(dir, binaries, "immediate"))
        }
        // The number belongs to another program by now, which would keep the server from starting.
        Some(_another_program) => fs::remove_file(pgdata.join("postmaster.pid"))
            .map_err(DevstackError::system("remove a stale pid file")),
        None => Ok(()),
    }
}

fn pg_ctl_stop(dir: &DataDir, binaries: &Binaries, mode: &str) -> Result<(), DevstackError> {
    let mut command = Command::new(binaries.program("pg_ctl"));
    command.args(["stop", "--silent", "--wait", "--timeout=30", "--mode", mode, "--pgdata"]);
    command.arg(dir.pgdata()).current_dir("/");
    if let Some(user) = &dir.user {
        user.apply(&mut command);
    }
    let answer = command.output().map_err(DevstackError::system("run pg_ctl"))?;
    // The server may also have ended by itself in the meantime.
    if answer.status.success() || recorded_pid(&dir.pgdata()).is_none() {
        return Ok(());
    }
    Err(dir.not_started("postgres", format!("an earlier server runs: {}", last_line(&dir.log()))))
}

/// The process number that the last server wrote down.
fn recorded_pid(pgdata: &Path) -> Option<u32> {
    let file = fs::read_to_string(pgdata.join("postmaster.pid")).ok()?;
    file.lines().next()?.trim().parse().ok()
}

/// The command line of a live process.
fn command_line(pid: u32) -> Option<String> {
    if Path::new("/proc/self/cmdline").exists() {
        let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        return Some(String::from_utf8_lossy(&line).into_owned());
    }
    let answer = Command::new("ps").args(["-ww", "-o", "args=", "-p", &pid.to_string()]).output();
    let line = String::from_utf8_lossy(&answer.ok()?.stdout).trim().to_owned();
    (!line.is_empty()).then_some(line)
}
