//! Ids shaped like the provider's, which sort in the order in which they were made.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::loopback;

/// Microseconds of the last id.
static LAST: AtomicI64 = AtomicI64::new(0);

/// A fresh id such as `resp_…` or `file-…`.
pub(crate) fn fresh(prefix: &str) -> String {
    let now = i64::try_from(loopback::now().unix_timestamp_nanos() / 1_000).unwrap_or(i64::MAX);
    let last = LAST.fetch_max(now, Ordering::SeqCst);
    // Two ids within a microsecond count on from each other.
    let tick = if now > last { now } else { LAST.fetch_add(1, Ordering::SeqCst) + 1 };
    format!("{prefix}{tick:016x}{}", hex::encode(rand::random::<[u8; 8]>()))
}
