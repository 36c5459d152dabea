//! Decides how to recover when a reply's stream fails before the provider ends it.

use std::time::Duration;

use ignacio_domain::ports::{AssistantError, PortError};
use ignacio_domain::response::ReplyFailure;

use crate::jobs::Backoff;

/// How often a reply is requested again while none of its text has been shown.
const MAX_RESTARTS: u32 = 2;
/// How often a stream is resumed without a new event.
const MAX_RESUMES: u32 = 3;
/// A user is waiting: a longer delay than this is a failure.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(20);

/// How a stream failed, or why it could not be opened.
#[derive(Debug)]
pub(super) enum StreamFailure {
    /// It was closed without an end.
    Closed,
    /// No event came for too long.
    Idle,
    /// The provider accepted the request and then reported a failure, without any text.
    FailedEmpty,
    /// An error, while opening it or later.
    Error(AssistantError),
}

/// How far a reply has come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    /// Whether the provider accepted the request, so that its stream can be resumed.
    pub(super) is_accepted: bool,
    /// Whether some of the text has been shown.
    pub(super) has_text: bool,
}

/// How to recover.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Recovery {
    /// Request the reply again.
    Restart(Duration),
    /// Request it again with the full history.
    RestartWithHistory,
    /// Resume the same reply.
    Resume(Duration),
    /// End it.
    Fail(ReplyFailure),
}

/// Counts the attempts of one reply.
pub(super) struct RetryBudget<'r> {
    backoff: &'r Backoff,
    n_restarts: u32,
    n_resumes: u32,
}

impl<'r> RetryBudget<'r> {
    pub(super) const fn new(backoff: &'r Backoff) -> Self {
        Self { backoff, n_restarts: 0, n_resumes: 0 }
    }

    /// A new event came: the connection works again.
    pub(super) const fn reset_resumes(&mut self) {
        self.n_resumes = 0;
    }

    /// Decides how to recover from a failure.
    pub(super) fn recover(&mut self, failure: &StreamFailure, progress: Progress) -> Recovery {
        match failure {
            StreamFailure::Error(AssistantError::StateLost) if progress.has_text => {
                Recovery::Fail(ReplyFailure::Interrupted)
            }
            StreamFailure::Error(AssistantError::StateLost) => Recovery::RestartWithHistory,
            StreamFailure::Error(AssistantError::Port(error)) => self.after_error(error, progress),
            StreamFailure::FailedEmpty => self.restart(None),
            StreamFailure::Closed => self.resume(None, progress),
            StreamFailure::Idle if progress.is_accepted => self.resume(None, progress),
            StreamFailure::Idle => Recovery::Fail(ReplyFailure::TimedOut),
        }
    }

    fn after_error(&mut self, error: &PortError, progress: Progress) -> Recovery {
        match error {
            PortError::Transient { retry_after, .. } => self.resume(*retry_after, progress),
            // The stream cannot be resumed: request again, or end.
            _ if progress.has_text => Recovery::Fail(ReplyFailure::Interrupted),
            _ if progress.is_accepted => self.restart(None),
            PortError::Misconfigured { .. } => Recovery::Fail(ReplyFailure::ProviderUnavailable),
            PortError::NotFound | PortError::Rejected { .. } => {
                Recovery::Fail(ReplyFailure::ProviderRejected)
            }
        }
    }

    /// Resumes the stream, or restarts the reply if the provider has not accepted it yet.
    fn resume(&mut self, retry_after: Option<Duration>, progress: Progress) -> Recovery {
        if !progress.is_accepted {
            return if progress.has_text {
                Recovery::Fail(ReplyFailure::Interrupted)
            } else {
                self.restart(retry_after)
            };
        }
        self.n_resumes += 1;
        match delay(retry_after, self.backoff) {
            Some(delay) if self.n_resumes <= MAX_RESUMES => Recovery::Resume(delay),
            _ if progress.has_text => Recovery::Fail(ReplyFailure::Interrupted),
            _ => Recovery::Fail(ReplyFailure::ProviderUnavailable),
        }
    }

    fn restart(&mut self, retry_after: Option<Duration>) -> Recovery {
        self.n_restarts += 1;
        match delay(retry_after, self.backoff) {
            Some(delay) if self.n_restarts <= MAX_RESTARTS => Recovery::Restart(delay),
            _ => Recovery::Fail(ReplyFailure::ProviderUnavailable),
        }
    }
}

/// Half a second to two, or what the provider requests if a user can wait that long.
fn delay(retry_after: Option<Duration>, backoff: &Backoff) -> Option<Duration> {
    let asked = retry_after.unwrap_or_default();
    let ours = Duration::from_millis(500) + Duration::from_millis(1_500).mul_f64(rand::random());
    (asked <= MAX_RETRY_AFTER).then(|| backoff.real_time(asked.max(ours)))
}

#[cfg(test)]
mod tests;
