//! The ways in which the store can be told to misbehave.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What the next requests meet.
#[derive(Debug, Default)]
pub(super) struct Faults {
    seen: AtomicU64,
    slow: AtomicU64,
    down: AtomicBool,
}

/// How one request is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Treatment {
    /// As S3 would on a good day.
    Proper,
    /// Refused with 503 `SlowDown`.
    SlowDown,
    /// The connection breaks.
    Down,
}

impl Faults {
    /// Counts a request and says how it is to be treated.
    pub(super) fn next(&self) -> Treatment {
        self.seen.fetch_add(1, Ordering::SeqCst);
        if self.down.load(Ordering::SeqCst) {
            return Treatment::Down;
        }
        let one_less = |left: u64| left.checked_sub(1);
        match self.slow.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less) {
            Ok(_) => Treatment::SlowDown,
            Err(_none_left) => Treatment::Proper,
        }
    }

    pub(super) fn seen(&self) -> u64 {
        self.seen.load(Ordering::SeqCst)
    }

    pub(super) fn slow_down_next(&self, times: u64) {
        self.slow.store(times, Ordering::SeqCst);
    }

    pub(super) fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    pub(super) fn clear(&self) {
        self.slow.store(0, Ordering::SeqCst);
        self.set_down(false);
    }
}
