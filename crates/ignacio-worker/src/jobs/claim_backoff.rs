//! Spaces out claims while the database is unavailable.

use std::time::Duration;

use ignacio_domain::error_chain;
use ignacio_persistence::StoreError;

use super::backoff::jittered;

const FIRST_DELAY: Duration = Duration::from_millis(500);
/// Short enough that work resumes within five seconds of the database's return.
const MAX_DELAY: Duration = Duration::from_secs(4);

/// Reports an outage once, and spaces out the claims until it is over.
pub(super) struct ClaimBackoff {
    queue: &'static str,
    next: Option<Duration>,
}

impl ClaimBackoff {
    pub(super) const fn new(queue: &'static str) -> Self {
        Self { queue, next: None }
    }

    /// Records a failed claim; returns the delay before the next one.
    pub(super) fn failed(&mut self, error: &StoreError) -> Duration {
        if self.next.is_none() {
            tracing::warn!(
                queue = self.queue,
                error = error_chain(error),
                "no jobs can be claimed"
            );
        }
        let delay = self.next.unwrap_or(FIRST_DELAY);
        self.next = Some((delay * 2).min(MAX_DELAY));
        jittered(delay)
    }

    pub(super) fn succeeded(&mut self) {
        if self.next.take().is_some() {
            tracing::info!(queue = self.queue, "jobs are claimed again");
        }
    }
}
