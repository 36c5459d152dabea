//! Keeps a reply's lease, and tells its writer when it is lost or the person wants an end.

use std::convert::Infallible;
use std::future::Future;

use ignacio_persistence::{LeaseExtension, ReplyJob};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::running::Entry;
use crate::Shared;

/// How a reply stands with the outside of its writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pulse {
    /// Go on.
    Held,
    /// The person wants it stopped.
    CancelRequested,
    /// Somebody else has it, or it was deleted.
    Lost,
}

/// Why a wait was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interrupt {
    /// The person wants an end.
    CancelRequested,
    /// The lease is lost.
    Lost,
    /// The reply has taken as long as it may.
    Deadline,
}

/// Extends the lease for ever, where what is written does not.
pub(super) async fn beat(shared: &Shared, job: &ReplyJob, running: &Entry<'_>) -> Infallible {
    loop {
        sleep(shared.settings.reply_heartbeat).await;
        if running.was_extended() {
            continue;
        }
        let pulse = match shared.db.reply_jobs().extend(job).await {
            Ok(LeaseExtension::Held { cancel_requested: false }) => continue,
            Ok(LeaseExtension::Held { cancel_requested: true }) => Pulse::CancelRequested,
            Ok(LeaseExtension::Lost) => Pulse::Lost,
            Err(error) => {
                tracing::debug!(%error, "a lease could not be extended");
                continue;
            }
        };
        running.tell(pulse);
    }
}

/// Waits for `work`, unless the reply is interrupted before it is done.
pub(super) async fn guarded<T>(
    pulse: &mut watch::Receiver<Pulse>,
    deadline: Instant,
    work: impl Future<Output = T>,
) -> Result<T, Interrupt> {
    tokio::select! {
        biased;
        interrupt = interrupted(pulse) => Err(interrupt),
        () = sleep_until(deadline) => Err(Interrupt::Deadline),
        done = work => Ok(done),
    }
}

async fn interrupted(pulse: &mut watch::Receiver<Pulse>) -> Interrupt {
    match pulse.wait_for(|it| *it != Pulse::Held).await.map(|it| *it) {
        Ok(Pulse::Lost) => Interrupt::Lost,
        Ok(_) => Interrupt::CancelRequested,
        // Nobody will tell any more.
        Err(_) => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    //! Waits end for what they wait for, or for a reason.

    use std::future::pending;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_wait_ends_for_a_reason() {
        let (tell, mut pulse) = watch::channel(Pulse::Held);
        let later = Instant::now() + Duration::from_hours(1);
        assert_eq!(guarded(&mut pulse, later, async { 1 }).await, Ok(1));
        assert_eq!(
            guarded(&mut pulse, Instant::now(), pending::<()>()).await,
            Err(Interrupt::Deadline)
        );
        tell.send_replace(Pulse::CancelRequested);
        assert_eq!(
            guarded(&mut pulse, later, pending::<()>()).await,
            Err(Interrupt::CancelRequested)
        );
        tell.send_replace(Pulse::Lost);
        assert_eq!(guarded(&mut pulse, later, async { 1 }).await, Err(Interrupt::Lost));
    }

    #[tokio::test]
    async fn nobody_to_tell_is_no_reason() {
        let (tell, mut pulse) = watch::channel(Pulse::Held);
        drop(tell);
        let later = Instant::now() + Duration::from_hours(1);
        let done = guarded(&mut pulse, later, tokio::task::yield_now()).await;
        assert_eq!(done, Ok(()));
    }
}
