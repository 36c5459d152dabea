//! The service itself, as a supervised process of its own.

use std::{
    fs::{self, File},
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::Context as _;
use ignacio_devstack::supervised_process::{SupervisedProcess, Supervision};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::watch,
};
use tokio_util::task::TaskTracker;

use crate::environment::{root, shown};

/// How many lines of the log to show after a failure.
const LAST_LINES: usize = 15;

/// How often to check whether the service is ready.
const POLL: Duration = Duration::from_millis(20);

/// How often to check the log for new lines.
const LOG_POLL: Duration = Duration::from_millis(100);

/// `ignacio serve --with-worker`, running.
pub(crate) struct Service {
    process: SupervisedProcess,
    has_ended: watch::Receiver<bool>,
    log: PathBuf,
    log_tail: TaskTracker,
}

impl Service {
    /// Starts the service. It logs to a file, which is kept.
    pub(crate) fn start(
        ignacio: &Path,
        variables: &[(String, String)],
        log: &Path,
    ) -> anyhow::Result<Self> {
        let file =
            File::create(log).with_context(|| format!("{} cannot be created", shown(log)))?;
        let mut command = Command::new(ignacio);
        command.args(["serve", "--with-worker"]).envs(variables.iter().cloned());
        command.current_dir(root());
        let supervision = Supervision { errors: file.into(), ..Supervision::default() };
        let mut process = SupervisedProcess::start(&command, supervision)
            .with_context(|| format!("{} cannot be run", shown(ignacio)))?;
        let output = process.take_output();
        let (tell, has_ended) = watch::channel(false);
        // A thread, because a blocked task would delay the shutdown of the runtime.
        std::thread::spawn(move || {
            output();
            tell.send_replace(true);
        });
        Ok(Self { process, has_ended, log: log.to_owned(), log_tail: TaskTracker::new() })
    }

    /// The shell that supervises the service, which is its only child process.
    pub(crate) fn shell(&self) -> u32 {
        self.process.shell()
    }

    /// Waits until the service is ready; `false` if it ends first.
    pub(crate) async fn ready(&mut self, api: &str) -> bool {
        loop {
            if is_ready(api).await.unwrap_or(false) {
                return true;
            }
            tokio::select! {
                () = self.ended() => return false,
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    /// Waits for the end of the service.
    pub(crate) async fn ended(&mut self) {
        // If the thread is gone, the service has ended as well.
        drop(self.has_ended.wait_for(|ended| *ended).await);
    }

    /// Waits until the whole log is shown. Call it after the end of the service.
    pub(crate) async fn shown(&self) {
        self.log_tail.close();
        self.log_tail.wait().await;
    }

    /// Stops the service gracefully.
    pub(crate) fn stop(&mut self) {
        self.process.stop();
    }

    /// Kills the service.
    pub(crate) fn stop_now(&mut self) {
        self.process.stop_now();
    }

    /// The last lines of the log.
    pub(crate) fn last_words(&self) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        let lines: Vec<&str> = text.lines().collect();
        let first = lines.len().saturating_sub(LAST_LINES);
        let words: Vec<String> = lines.iter().skip(first).map(|line| format!("  {line}")).collect();
        if words.is_empty() { "  (empty)".to_owned() } else { words.join("\n") }
    }

    /// Shows new lines of the log from now on.
    pub(crate) fn show_log(&self) {
        let mut has_ended = self.has_ended.clone();
        let Ok(mut file) = File::open(&self.log) else { return };
        if file.seek(SeekFrom::End(0)).is_err() {
            return;
        }
        let show = async move {
            while tokio::time::timeout(LOG_POLL, has_ended.wait_for(|ended| *ended)).await.is_err()
            {
                pass_on(&mut file);
            }
            pass_on(&mut file);
        };
        self.log_tail.spawn(show);
    }
}

/// Whether the service reports that it is ready.
async fn is_ready(api: &str) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(api).await?;
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {api}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await?;
    Ok(response.starts_with(b"HTTP/1.1 200"))
}

/// Copies the new part of a file to standard output.
fn pass_on(file: &mut File) {
    let mut text = Vec::new();
    if file.read_to_end(&mut text).is_ok() && !text.is_empty() {
        // A closed standard output is not an error.
        let _unread = std::io::stdout().write_all(&text);
    }
}
