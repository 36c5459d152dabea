//! The server process of a cluster: its settings, its start and its end.

use std::{
    ffi::OsString,
    fs,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use super::{binaries::Binaries, data_dir::DataDir};
use crate::{
    DevstackError,
    supervised_process::{SupervisedProcess, Supervision},
};

/// Long enough for the repair after a power failure.
const READY_LIMIT: Duration = Duration::from_mins(1);

/// The time between two checks.
const POLL: Duration = Duration::from_millis(5);

/// How often another free port is tried when another process took the first.
const PORT_ATTEMPTS: u32 = 5;

/// What the server logs if its data are damaged.
const DAMAGE: [&str; 6] = [
    "could not locate a valid checkpoint record",
    "invalid checkpoint",
    "incorrect checksum in control file",
    "could not open file \"global/pg_control\"",
    "is not a valid data directory",
    "PANIC:",
];

/// A running server and the folder it serves.
#[derive(Debug)]
pub(super) struct Server {
    process: SupervisedProcess,
    port: u16,
    dir: DataDir,
}

/// Why a start failed.
enum Failed {
    PortTaken,
    Otherwise(DevstackError),
}

impl Server {
    /// Starts the server and waits until it takes connections.
    pub(super) fn start(
        dir: DataDir,
        binaries: &Binaries,
        port: Option<u16>,
        durable: bool,
    ) -> Result<Self, DevstackError> {
        let mut wanted = free_port(port)?;
        for _ in 0..PORT_ATTEMPTS {
            match launch(&dir, binaries, wanted, durable) {
                Ok(process) => return Ok(Self { process, port: wanted, dir }),
                Err(Failed::Otherwise(error)) => return Err(error),
                Err(Failed::PortTaken) if port.is_some() => break,
                Err(Failed::PortTaken) => wanted = free_port(None)?,
            }
        }
        Err(DevstackError::PortTaken { part: "PostgreSQL", port: wanted })
    }

    /// The port on 127.0.0.1.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// The folder that holds the data.
    pub(super) fn root(&self) -> &Path {
        &self.dir.root
    }

    /// Stops the server and waits until it is gone.
    pub(super) fn stop(&mut self) -> Result<(), DevstackError> {
        self.process
            .finish()
            .map(drop)
            .map_err(DevstackError::system("wait for the database server to stop"))
    }
}

fn launch(
    dir: &DataDir,
    binaries: &Binaries,
    port: u16,
    durable: bool,
) -> Result<SupervisedProcess, Failed> {
    let mut command = Command::new(binaries.program("postgres"));
    command.args(arguments(dir, port, durable));
    // Nothing reads temporary data again, so the server need not shut down cleanly.
    let signal = if dir.temporary { "QUIT" } else { "INT" };
    let doomed = dir.temporary.then(|| dir.root.clone());
    let mut process = supervise(dir, command, signal, doomed).map_err(Failed::Otherwise)?;

    for _ in 0..READY_LIMIT.as_millis() / POLL.as_millis() {
        if process.has_ended() {
            let failed = why_it_ended(dir);
            if matches!(failed, Failed::PortTaken) {
                process.keep_folder();
            }
            return Err(failed);
        }
        if is_ready(&dir.pgdata(), port) {
            return Ok(process);
        }
        thread::sleep(POLL);
    }
    let detail = format!("not ready after {} seconds", READY_LIMIT.as_secs());
    Err(Failed::Otherwise(dir.not_started("postgres", detail)))
}

/// Starts one of the server's programs as the folder's user, writing to the folder's log.
pub(super) fn supervise(
    dir: &DataDir,
    mut command: Command,
    signal: &'static str,
    doomed: Option<PathBuf>,
) -> Result<SupervisedProcess, DevstackError> {
    command.current_dir("/");
    let supervision = Supervision {
        signal,
        // Never KILL, which leaves shared memory and child processes.
        last_signal: "QUIT",
        doomed,
        log: Some(dir.log()),
        user: dir.user.as_ref().map(|it| (it.uid, it.gid)),
        ..Supervision::default()
    };
    SupervisedProcess::start(&command, supervision)
        .map_err(DevstackError::system("start a shell to watch the server"))
}

/// The last line with content in a log, for messages.
pub(super) fn last_line(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let line = text.lines().rev().find(|line| !line.trim().is_empty());
    line.unwrap_or("it wrote nothing").trim().to_owned()
}

/// The command line, which holds every setting: the files of the cluster stay as initdb made them.
fn arguments(dir: &DataDir, port: u16, durable: bool) -> Vec<OsString> {
    let switch = if durable { "on" } else { "off" };
    let mut socket = OsString::from("unix_socket_directories=");
    if let Some(folder) = dir.socket_folder() {
        socket.push("\"");
        socket.push(folder);
        socket.push("\"");
    }
    let settings = [
        "listen_addresses=127.0.0.1".into(),
        format!("port={port}"),
        "max_connections=200".into(),
        "shared_buffers=32MB".into(),
        format!("fsync={switch}"),
        format!("synchronous_commit={switch}"),
        format!("full_page_writes={switch}"),
        // Values that a statement was given, codes and tokens among them, stay out of the log.
        "log_parameter_max_length_on_error=0".into(),
        "lc_messages=C".into(),
        "timezone=UTC".into(),
        "log_timezone=UTC".into(),
    ];
    let mut arguments: Vec<OsString> = vec!["-D".into(), dir.pgdata().into()];
    for setting in settings.map(OsString::from).into_iter().chain([socket]) {
        arguments.push("-c".into());
        arguments.push(setting);
    }
    arguments
}

/// Whether the server on this port has recorded that it takes connections.
fn is_ready(pgdata: &Path, port: u16) -> bool {
    let Ok(file) = fs::read_to_string(pgdata.join("postmaster.pid")) else { return false };
    let lines: Vec<&str> = file.lines().map(str::trim).collect();
    lines.get(3) == Some(&port.to_string().as_str()) && lines.get(7) == Some(&"ready")
}

fn why_it_ended(dir: &DataDir) -> Failed {
    let log = fs::read(dir.log()).unwrap_or_default();
    let log = String::from_utf8_lossy(&log).into_owned();
    if log.contains("Address already in use") {
        return Failed::PortTaken;
    }
    let complaint = log.lines().find(|line| DAMAGE.iter().any(|sign| line.contains(sign)));
    Failed::Otherwise(match complaint {
        Some(line) => dir.damaged(message_of(line)),
        None => dir.not_started("postgres", message_of(&last_line(&dir.log())).to_owned()),
    })
}

/// A log line without the time and the process number before it.
fn message_of(line: &str) -> &str {
    ["PANIC:  ", "FATAL:  ", "LOG:  "]
        .iter()
        .find_map(|level| line.split_once(level))
        .map_or(line, |(_before, message)| message)
}

/// The requested port, or one that is free at this moment.
fn free_port(requested: Option<u16>) -> Result<u16, DevstackError> {
    if let Some(port) = requested {
        return Ok(port);
    }
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(DevstackError::system("find a free port"))
}
