//! What Ignacio is about: people, sessions, conversations, files and the rules that bind them.
//!
//! This crate knows no framework, no SQL and no wire format, and it does no I/O: it holds value
//! types that are parsed once at the edge, the rules of the programme, and the *ports*, which are
//! the traits through which the rest of the service talks to the outside world. Nothing in here
//! will ever need a runtime, a database or a network to be tested.

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
