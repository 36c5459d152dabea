//! What an error means for the job that hit it.

use std::time::Duration;

use ignacio_domain::ports::PortError;
use ignacio_domain::sync::MAX_ATTEMPTS;
use ignacio_persistence::StoreError;

use super::backoff::Backoff;

/// How long a job waits for an operator to correct a key, a permission or a quota.
const MISCONFIGURED_DELAY: Duration = Duration::from_mins(15);

/// Why a job stopped before it was done.
#[derive(Debug)]
pub(crate) enum JobError {
    /// Another worker has the job, or its row was deleted.
    LeaseLost,
    /// The job is to run again; this attempt does not count.
    Postponed(Duration),
    /// It may succeed next time.
    Retryable(String),
    /// It will never succeed.
    Permanent(String),
    Port(PortError),
    Store(StoreError),
}

impl From<PortError> for JobError {
    fn from(error: PortError) -> Self {
        Self::Port(error)
    }
}

impl From<StoreError> for JobError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What is recorded of a job. The error codes are stored with the row and may be shown.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum JobOutcome {
    Done,
    LeaseLost,
    /// Retry after a delay.
    Retry {
        after: Duration,
        error: String,
    },
    /// Retry after a delay; this attempt does not count, because the fault is not the job's.
    Postpone {
        after: Duration,
    },
    /// Never retry.
    Fail {
        error: String,
    },
}

impl JobOutcome {
    /// The outcome of a job after `attempts` attempts. A database error has none: the job is left
    /// to its lease.
    pub(crate) fn of(
        result: Result<(), JobError>,
        attempts: i32,
        backoff: &Backoff,
    ) -> Result<Self, StoreError> {
        match result {
            Ok(()) => Ok(Self::Done),
            Err(JobError::LeaseLost) => Ok(Self::LeaseLost),
            Err(JobError::Postponed(after)) => Ok(Self::Postpone { after }),
            Err(JobError::Retryable(error)) => Ok(retry_or_fail(&error, attempts, None, backoff)),
            Err(JobError::Permanent(error)) => Ok(Self::Fail { error }),
            Err(JobError::Port(error)) => Ok(classify(&error, attempts, backoff)),
            Err(JobError::Store(error)) => Err(error),
        }
    }

    /// The outcome as metrics name it.
    pub(crate) const fn as_str(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::LeaseLost => "lease_lost",
            Self::Retry { .. } => "retried",
            Self::Postpone { .. } => "postponed",
            Self::Fail { .. } => "failed",
        }
    }
}

/// What a provider's error means for a job after `attempts` attempts.
pub(crate) fn classify(error: &PortError, attempts: i32, backoff: &Backoff) -> JobOutcome {
    match error {
        PortError::Rejected { code, .. } => JobOutcome::Fail { error: code.clone() },
        PortError::Misconfigured { .. } => JobOutcome::Postpone { after: MISCONFIGURED_DELAY },
        PortError::Transient { retry_after, .. } => {
            retry_or_fail(error_code(error), attempts, *retry_after, backoff)
        }
        PortError::NotFound => retry_or_fail(error_code(error), attempts, None, backoff),
    }
}

fn retry_or_fail(
    error: &str,
    attempts: i32,
    retry_after: Option<Duration>,
    backoff: &Backoff,
) -> JobOutcome {
    let error = error.to_owned();
    if attempts >= MAX_ATTEMPTS {
        JobOutcome::Fail { error }
    } else {
        JobOutcome::Retry { after: backoff.delay(attempts, retry_after), error }
    }
}

/// A stable code for an error, fit to be stored and shown.
pub(crate) fn error_code(error: &PortError) -> &str {
    match error {
        PortError::Transient { .. } => "unavailable",
        PortError::NotFound => "not_found",
        PortError::Rejected { code, .. } | PortError::Misconfigured { code, .. } => code,
    }
}

#[cfg(test)]
mod tests;
