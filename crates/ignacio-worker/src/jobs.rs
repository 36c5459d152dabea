//! The job kit: claims jobs, runs them concurrently, keeps their leases, and spaces out attempts.

mod backoff;
mod claim_backoff;
mod control;
mod lease;
mod outcome;
mod processor;
mod registry;

pub(crate) use self::backoff::{Backoff, doubling, jittered};
pub use self::backoff::{Clock, SYSTEM_CLOCK};
pub(crate) use self::control::{JobControl, Shutdown};
pub(crate) use self::lease::{Lease, LeaseStatus};
pub(crate) use self::outcome::{JobError, JobOutcome, classify, error_code};
pub(crate) use self::processor::{JobProcessor, JobQueue, drain, serve};
pub(crate) use self::registry::{Registration, Registry};
