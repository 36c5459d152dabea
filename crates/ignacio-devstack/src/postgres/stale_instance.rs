//! A server that a killed run left behind: one that still runs, or its pid file.

use std::{fs, path::Path, process::Command};

use super::{binaries::Binaries, data_dir::DataDir, server::last_line};
use crate::DevstackError;

/// A process number in a stale pid file that belongs to another program by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReusedPid(pub(super) u32);

/// Stops the server that still runs on the folder's data, if there is one.
///
/// The folder is locked, so nobody needs that server any more. A pid file whose number belongs to
/// another program by now would keep the server from starting: that number is returned.
pub(super) fn stop(dir: &DataDir, binaries: &Binaries) -> Result<Option<ReusedPid>, DevstackError> {
    let pgdata = dir.pgdata();
    let Some(pid) = recorded_pid(&pgdata) else { return Ok(None) };
    match command_line(pid) {
        None => Ok(None),
        Some(line) if line.contains(&*pgdata.to_string_lossy()) => {
            tracing::warn!(pid, "stopping a database server that an earlier run left behind");
            pg_ctl_stop(dir, binaries, "fast")
                .or_else(|_slow| pg_ctl_stop(dir, binaries, "immediate"))?;
            Ok(None)
        }
        Some(_another_program) => Ok(Some(ReusedPid(pid))),
    }
}

fn pg_ctl_stop(dir: &DataDir, binaries: &Binaries, mode: &str) -> Result<(), DevstackError> {
    let mut command = Command::new(binaries.program("pg_ctl"));
    command.args(["stop", "--silent", "--wait", "--timeout=30", "--mode", mode, "--pgdata"]);
    command.arg(dir.pgdata()).current_dir("/");
    if let Some(account) = &dir.account {
        account.apply(&mut command);
    }
    let answer = command
        .output()
        .map_err(DevstackError::system("run pg_ctl to stop a server that was left behind"))?;
    // It may also have ended by itself in the meantime.
    if answer.status.success() || recorded_pid(&dir.pgdata()).is_none() {
        return Ok(());
    }
    Err(DevstackError::NotStarted {
        program: "postgres",
        detail: format!("an earlier server does not stop: {}", last_line(&dir.log())),
        log: dir.log(),
    })
}

/// The process number that the last server wrote down.
fn recorded_pid(pgdata: &Path) -> Option<u32> {
    let file = fs::read_to_string(pgdata.join("postmaster.pid")).ok()?;
    file.lines().next()?.trim().parse().ok()
}

/// What a live process was started as; `None` when there is no such process.
fn command_line(pid: u32) -> Option<String> {
    if Path::new("/proc/self/cmdline").exists() {
        let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        return Some(String::from_utf8_lossy(&line).into_owned());
    }
    let answer = Command::new("ps").args(["-ww", "-o", "args=", "-p", &pid.to_string()]).output();
    let line = String::from_utf8_lossy(&answer.ok()?.stdout).trim().to_owned();
    (!line.is_empty()).then_some(line)
}
