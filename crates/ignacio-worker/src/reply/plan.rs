//! What to do when a reply's stream ends without the provider's own end.

use std::time::Duration;

use ignacio_domain::ports::{AssistantError, PortError};
use ignacio_domain::response::ReplyFailure;

use crate::settings::Pauses;

/// How often a reply is asked for again, as long as nobody has seen a word of it.
const RESTARTS: u32 = 2;
/// How often a cut stream is re-attached to without anything new coming of it.
const RESUMES: u32 = 3;
/// A person waits: a longer pause than this is a failure.
const LONGEST_ASKED_PAUSE: Duration = Duration::from_secs(20);

/// How a stream ended before its end, or why there was none.
#[derive(Debug)]
pub(super) enum Cut {
    /// It just stopped.
    Closed,
    /// Nothing came for too long.
    Idle,
    /// The provider took the request and then said, without a word of text, that it failed.
    GaveUp,
    /// An error, when it was opened or within it.
    Failed(AssistantError),
}

/// What is known when a plan is made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    /// Whether the provider took the request, so that it can be re-attached to.
    pub(super) is_known: bool,
    /// Whether the person has seen some of the text.
    pub(super) has_text: bool,
}

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// Ask again, as if nothing had been.
    Start(Duration),
    /// Ask again with the whole history.
    StartWhole,
    /// Follow the same reply where it was cut.
    Resume(Duration),
    /// End it.
    Fail(ReplyFailure),
}

/// Counts the tries of one reply.
#[derive(Debug, Default)]
pub(super) struct Tries {
    restarts: u32,
    resumes: u32,
}

impl Tries {
    /// Something new came: the way to the provider is open again.
    pub(super) const fn reset_resumes(&mut self) {
        self.resumes = 0;
    }

    /// Chooses what to do after a cut.
    pub(super) fn plan(&mut self, cut: &Cut, standing: Standing, pauses: Pauses) -> Plan {
        match cut {
            Cut::Failed(AssistantError::StateLost) if standing.has_text => {
                Plan::Fail(ReplyFailure::Interrupted)
            }
            Cut::Failed(AssistantError::StateLost) => Plan::StartWhole,
            Cut::Failed(AssistantError::Port(error)) => self.after(error, standing, pauses),
            Cut::GaveUp => self.restart(None, pauses),
            Cut::Closed => self.again(None, standing, pauses),
            Cut::Idle if standing.is_known => self.again(None, standing, pauses),
            Cut::Idle => Plan::Fail(ReplyFailure::TimedOut),
        }
    }

    fn after(&mut self, error: &PortError, standing: Standing, pauses: Pauses) -> Plan {
        match error {
            PortError::Transient { retry_after, .. } => self.again(*retry_after, standing, pauses),
            // It cannot be re-attached to: a new one, or an end.
            _ if standing.has_text => Plan::Fail(ReplyFailure::Interrupted),
            _ if standing.is_known => self.restart(None, pauses),
            PortError::Misconfigured { .. } => Plan::Fail(ReplyFailure::ProviderUnavailable),
            PortError::NotFound | PortError::Rejected { .. } => {
                Plan::Fail(ReplyFailure::ProviderRejected)
            }
        }
    }

    fn again(&mut self, asked: Option<Duration>, standing: Standing, pauses: Pauses) -> Plan {
        if !standing.is_known {
            return if standing.has_text {
                Plan::Fail(ReplyFailure::Interrupted)
            } else {
                self.restart(asked, pauses)
            };
        }
        self.resumes += 1;
        match pause(asked, pauses) {
            Some(pause) if self.resumes <= RESUMES => Plan::Resume(pause),
            _ if standing.has_text => Plan::Fail(ReplyFailure::Interrupted),
            _ => Plan::Fail(ReplyFailure::ProviderUnavailable),
        }
    }

    fn restart(&mut self, asked: Option<Duration>, pauses: Pauses) -> Plan {
        self.restarts += 1;
        match pause(asked, pauses) {
            Some(pause) if self.restarts <= RESTARTS => Plan::Start(pause),
            _ => Plan::Fail(ReplyFailure::ProviderUnavailable),
        }
    }
}

/// Half a second to two, or what the provider asks for when a person can wait for that.
fn pause(asked: Option<Duration>, pauses: Pauses) -> Option<Duration> {
    let asked = asked.unwrap_or_default();
    let ours = Duration::from_millis(500) + Duration::from_millis(1_500).mul_f64(rand::random());
    (asked <= LONGEST_ASKED_PAUSE).then(|| pauses.of(asked.max(ours)))
}

#[cfg(test)]
mod tests;
