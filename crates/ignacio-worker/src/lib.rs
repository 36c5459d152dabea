//! The background work: sends codes and notices, writes replies and runs their follow-up jobs,
//! syncs files with the provider's vector stores and purges them, watches logins and deletes
//! expired rows.
//!
//! A [`Worker`] keeps nothing that must not be lost: the rows of the database are its queues, and
//! any worker may die at any moment without a job being lost. A job that must not run twice at a
//! time is leased, or locked by its transaction; even so, every step of every job may run twice.
//! The outside world comes in as the ports of `ignacio_domain`; no transaction is open while one of
//! them is called.
//!
//! Each kind of job has a `JobProcessor` (see `jobs.rs`), which claims jobs and processes them; the
//! loop around it is the same for all.

mod context;
mod delivery_reports;
mod file_sync;
mod follow_up_jobs;
mod jobs;
mod maintenance;
mod object_reader;
mod outbox;
mod purge;
mod replies;
mod safety_identifier;
mod settings;
#[cfg(test)]
mod testing;
mod title_bus;
mod worker;

pub use self::context::Ports;
pub use self::jobs::{Clock, SYSTEM_CLOCK};
pub use self::settings::{DEFAULT_REPLY_CONCURRENCY, WorkerSettings};
pub use self::worker::Worker;
