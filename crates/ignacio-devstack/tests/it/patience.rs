//! Waiting for a condition, never longer than a minute.

use std::time::{Duration, Instant};

/// Polls until `condition` holds.
pub(crate) fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_mins(1), "timed out: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// As [`until`], for an asynchronous condition.
pub(crate) async fn until_async(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !condition().await {
        assert!(start.elapsed() < Duration::from_mins(1), "timed out: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
