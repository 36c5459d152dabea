//! How a running job learns that it should stop.

use tokio_util::sync::CancellationToken;

use super::lease::Lease;

/// How a running job learns that it should stop.
pub(crate) struct JobControl {
    pub(crate) lease: Lease,
    pub(crate) shutdown: Shutdown,
}

/// The two steps of a shutdown.
#[derive(Clone)]
pub(crate) struct Shutdown {
    /// No new jobs are claimed; jobs that may take long wind down.
    pub(crate) drain: CancellationToken,
    /// Jobs that still run are dropped and released.
    pub(crate) abort: CancellationToken,
}

impl Shutdown {
    /// Drains when `drain` is cancelled.
    pub(crate) fn when(drain: CancellationToken) -> Self {
        Self { drain, abort: CancellationToken::new() }
    }

    /// Never shuts down.
    pub(crate) fn never() -> Self {
        Self::when(CancellationToken::new())
    }
}
