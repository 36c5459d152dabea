//! The faults that the store was told to have.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What the next requests meet.
#[derive(Debug, Default)]
pub(super) struct Faults {
    /// Requests so far.
    pub(super) n_requests: AtomicU64,
    /// So many of the next requests are answered with 503 `SlowDown`.
    pub(super) n_slow_downs: AtomicU64,
    /// Whether every connection breaks.
    pub(super) is_down: AtomicBool,
}

/// How one request goes wrong.
pub(super) enum Fault {
    SlowDown,
    Down,
}

impl Faults {
    /// Counts a request and takes the fault that hits it.
    pub(super) fn take(&self) -> Option<Fault> {
        self.n_requests.fetch_add(1, Ordering::SeqCst);
        if self.is_down.load(Ordering::SeqCst) {
            return Some(Fault::Down);
        }
        let one_less = |left: u64| left.checked_sub(1);
        let taken = self.n_slow_downs.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less);
        taken.is_ok().then_some(Fault::SlowDown)
    }
}
