//! What ends a wait within a reply early.

use std::future::{Future, pending};

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::jobs::LeaseStatus;

/// Why a wait ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interrupt {
    CancelRequested,
    LeaseLost,
    /// The reply has reached its time limit.
    Deadline,
}

/// Waits for `work`, unless the reply is interrupted first.
pub(super) async fn with_interrupt<T>(
    lease: &mut watch::Receiver<LeaseStatus>,
    deadline: Instant,
    work: impl Future<Output = T>,
) -> Result<T, Interrupt> {
    tokio::select! {
        biased;
        interrupt = interrupted(lease) => Err(interrupt),
        () = sleep_until(deadline) => Err(Interrupt::Deadline),
        done = work => Ok(done),
    }
}

async fn interrupted(lease: &mut watch::Receiver<LeaseStatus>) -> Interrupt {
    match lease.wait_for(|it| *it != LeaseStatus::Held).await.map(|it| *it) {
        Ok(LeaseStatus::Lost) => Interrupt::LeaseLost,
        Ok(_) => Interrupt::CancelRequested,
        // The sender is gone, so no report will come.
        Err(_) => pending().await,
    }
}

#[cfg(test)]
mod tests {
    //! A wait ends with its work, or with an interrupt.

    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_wait_ends_for_a_reason() {
        let (status, mut lease) = watch::channel(LeaseStatus::Held);
        let later = Instant::now() + Duration::from_hours(1);
        assert_eq!(with_interrupt(&mut lease, later, async { 1 }).await, Ok(1));
        assert_eq!(
            with_interrupt(&mut lease, Instant::now(), pending::<()>()).await,
            Err(Interrupt::Deadline)
        );
        status.send_replace(LeaseStatus::CancelRequested);
        assert_eq!(
            with_interrupt(&mut lease, later, pending::<()>()).await,
            Err(Interrupt::CancelRequested)
        );
        status.send_replace(LeaseStatus::Lost);
        assert_eq!(with_interrupt(&mut lease, later, async { 1 }).await, Err(Interrupt::LeaseLost));
    }

    #[tokio::test]
    async fn a_closed_channel_is_no_reason() {
        let (status, mut lease) = watch::channel(LeaseStatus::Held);
        drop(status);
        let later = Instant::now() + Duration::from_hours(1);
        let done = with_interrupt(&mut lease, later, tokio::task::yield_now()).await;
        assert_eq!(done, Ok(()));
    }
}
