//! How the process learns that it should stop.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The wish to stop: SIGTERM or SIGINT.
#[derive(Debug)]
pub(crate) struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// From here on the signals no longer end the process by themselves.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Runs `work` until it ends by itself or is told to by a signal: the first cancels `stop` and
/// lets it end in order, the second gives up on it.
///
/// `None` means that it was given up.
pub(crate) async fn until_stopped<T>(
    mut signals: StopSignals,
    stop: &CancellationToken,
    work: impl Future<Output = T>,
) -> Option<T> {
    tokio::pin!(work);
    tokio::select! {
        ended = &mut work => return Some(ended),
        () = signals.next() => {}
    }
    tracing::info!("stopping: running work ends first, a second signal stops at once");
    stop.cancel();
    tokio::select! {
        ended = &mut work => Some(ended),
        () = signals.next() => {
            tracing::warn!("stopped at once by a second signal");
            None
        }
    }
}
