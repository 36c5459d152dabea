//! The lease of a running job, extended by a heartbeat that reports its status.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ignacio_persistence::StoreError;
use tokio::sync::watch;
use tokio::time::sleep;

/// The status of a running job's lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LeaseStatus {
    /// This worker holds the lease.
    Held,
    /// This worker holds the lease, and the user has cancelled the job.
    CancelRequested,
    /// Another worker has the job, or its row was deleted.
    Lost,
}

/// The lease of a running job. Clones share their status.
#[derive(Clone)]
pub(crate) struct Lease {
    status: watch::Sender<LeaseStatus>,
    is_extended: Arc<AtomicBool>,
}

impl Lease {
    pub(crate) fn new() -> Self {
        Self { status: watch::Sender::new(LeaseStatus::Held), is_extended: Arc::default() }
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<LeaseStatus> {
        self.status.subscribe()
    }

    /// Changes the status; a lost lease stays lost.
    pub(crate) fn report(&self, status: LeaseStatus) {
        self.status.send_if_modified(|current| {
            let is_change = *current != status && *current != LeaseStatus::Lost;
            if is_change {
                *current = status;
            }
            is_change
        });
    }

    /// Waits until the lease is lost.
    pub(crate) async fn lost(&self) {
        if self.subscribe().wait_for(|it| *it == LeaseStatus::Lost).await.is_err() {
            pending::<()>().await;
        }
    }

    /// Records that a write has extended the lease, so the next heartbeat may be skipped.
    pub(crate) fn mark_extended(&self) {
        self.is_extended.store(true, Ordering::Relaxed);
    }
}

/// Extends a lease at this interval until it is lost; then waits forever.
pub(super) async fn heartbeat<Extend, Extending>(
    interval: Option<Duration>,
    lease: &Lease,
    mut extend: Extend,
) -> Infallible
where
    Extend: FnMut() -> Extending,
    Extending: Future<Output = Result<LeaseStatus, StoreError>>,
{
    let Some(interval) = interval else { return pending().await };
    loop {
        sleep(interval).await;
        if lease.is_extended.swap(false, Ordering::Relaxed) {
            continue;
        }
        match extend().await {
            Ok(LeaseStatus::Held) => {}
            Ok(status) => lease.report(status),
            Err(error) => tracing::debug!(%error, "a lease could not be extended"),
        }
        if *lease.status.borrow() == LeaseStatus::Lost {
            return pending().await;
        }
    }
}

#[cfg(test)]
mod tests {
    //! A heartbeat extends a lease that no write has extended, and stops with the lease.

    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_heartbeat_ends_with_the_lease() {
        let (lease, n_beats) = (Lease::new(), AtomicUsize::new(0));
        lease.mark_extended();
        let beats = heartbeat(Some(Duration::from_secs(1)), &lease, || async {
            let n = n_beats.fetch_add(1, Ordering::Relaxed);
            Ok(if n < 2 { LeaseStatus::Held } else { LeaseStatus::Lost })
        });
        tokio::select! {
            never = beats => match never {},
            () = lease.lost() => {}
        }
        assert_eq!(n_beats.load(Ordering::Relaxed), 3);
        lease.report(LeaseStatus::CancelRequested);
        assert_eq!(*lease.subscribe().borrow(), LeaseStatus::Lost, "a lost lease stays lost");
    }
}
