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

/// How many lines of the log are told when something went wrong.
const LAST_LINES: usize = 15;

/// How often the service is asked whether it is ready.
const POLL: Duration = Duration::from_millis(20);

/// How often the log is looked at.
const LOG_POLL: Duration = Duration::from_millis(100);

/// `ignacio serve --with-worker`, running.
pub(crate) struct Service {
    process: SupervisedProcess,
    has_ended: watch::Receiver<bool>,
    log: PathBuf,
    log_tail: TaskTracker,
}

impl Service {
    /// Starts it; what it logs goes to a file, where it stays.
    pub(crate) fn start(
        ignacio: &Path,
        variables: &[(String, String)],
        log: &Path,
    ) -> anyhow::Result<Self> {
        let file = File::create(log).with_context(|| format!("{} cannot be made", shown(log)))?;
        let mut command = Command::new(ignacio);
        command.args(["serve", "--with-worker"]).envs(variables.iter().cloned());
        command.current_dir(root());
        let supervision = Supervision { errors: file.into(), ..Supervision::default() };
        let mut process = SupervisedProcess::start(&command, supervision)
            .with_context(|| format!("{} cannot be run", shown(ignacio)))?;
        let output = process.take_output();
        let (tell, has_ended) = watch::channel(false);
        // A thread, because a blocked task would hold the runtime back at the end.
        std::thread::spawn(move || {
            output();
            tell.send_replace(true);
        });
        Ok(Self { process, has_ended, log: log.to_owned(), log_tail: TaskTracker::new() })
    }

    /// The shell that holds it: the service is the one child that it has.
    pub(crate) fn shell(&self) -> u32 {
        self.process.shell()
    }

    /// Waits until it answers that it is ready; `false` when it ended instead.
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

    /// Waits until it has ended.
    pub(crate) async fn ended(&mut self) {
        // A thread that is gone has seen the end too.
        drop(self.has_ended.wait_for(|ended| *ended).await);
    }

    /// Waits until all of its log is shown. To be called when it has ended.
    pub(crate) async fn shown(&self) {
        self.log_tail.close();
        self.log_tail.wait().await;
    }

    /// Asks it to end in order.
    pub(crate) fn stop(&mut self) {
        self.process.stop();
    }

    /// Ends it at once.
    pub(crate) fn stop_now(&mut self) {
        self.process.stop_now();
    }

    /// The end of its log.
    pub(crate) fn last_words(&self) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        let lines: Vec<&str> = text.lines().collect();
        let first = lines.len().saturating_sub(LAST_LINES);
        let words: Vec<String> = lines.iter().skip(first).map(|line| format!("  {line}")).collect();
        if words.is_empty() { "  (it wrote nothing)".to_owned() } else { words.join("\n") }
    }

    /// Shows from here on what it logs.
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

/// Whether the service says that it is ready: a request small enough to write by hand.
async fn is_ready(api: &str) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(api).await?;
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {api}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer.starts_with(b"HTTP/1.1 200"))
}

/// Passes on what a file has behind the place that was read last.
fn pass_on(file: &mut File) {
    let mut text = Vec::new();
    if file.read_to_end(&mut text).is_ok() && !text.is_empty() {
        // Nobody reading it is no reason to stop.
        let _unread = std::io::stdout().write_all(&text);
    }
}
