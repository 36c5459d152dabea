//! The domain: users, sessions, conversations, files and the rules of the programme.
//!
//! This crate knows no framework, no SQL and no wire format, and does no I/O. It contains value
//! types that are parsed once, where a value enters the service, and the *ports*: the
//! traits through which the rest of the service calls external systems. No test in here
//! needs a runtime, a database or a network.
//!
//! Types that hold user content, phone numbers or secrets print only the fields that a
//! `redacted_debug!` below them lists, or mask their content in a `Debug` of their own.

pub mod access;
pub mod audit;
pub mod citation;
pub mod conversation;
pub mod delivery;
pub mod erasure;
mod error_chain;
pub mod feedback;
pub mod file;
pub mod ids;
pub mod keys;
pub mod locale;
pub mod lockout;
pub mod managed_user;
pub mod message;
pub mod model_catalog;
pub mod otp;
pub mod page;
pub mod phone;
pub mod ports;
pub mod prompt;
pub mod quota;
pub mod rate_limit;
mod redacted_debug;
pub mod reply;
pub mod response;
pub mod session;
pub mod sync;
pub mod usage;
pub mod user;

pub use error_chain::error_chain;

#[cfg(test)]
mod testing;
