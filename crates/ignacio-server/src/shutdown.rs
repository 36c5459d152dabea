//! Graceful shutdown on a signal.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The signals that stop the process: SIGTERM and SIGINT.
#[derive(Debug)]
pub(crate) struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// From now on these signals no longer kill the process.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for the next signal.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Runs `work` until it ends. The first signal cancels `stop`, so that the work can end gracefully;
/// the second abandons it.
///
/// `None` means that the work was abandoned.
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
    tracing::info!("stopping gracefully; a second signal stops immediately");
    stop.cancel();
    tokio::select! {
        ended = &mut work => Some(ended),
        () = signals.next() => {
            tracing::warn!("stopped immediately by a second signal");
            None
        }
    }
}
