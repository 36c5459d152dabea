//! What clients see, one module per resource.

pub(crate) mod access_grant;
pub(crate) mod access_log_entry;
pub(crate) mod audit_event;
pub(crate) mod challenge;
pub(crate) mod conversation;
pub(crate) mod erasure;
pub(crate) mod file;
pub(crate) mod health;
pub(crate) mod login;
pub(crate) mod managed_user;
pub(crate) mod message;
pub(crate) mod page;
pub(crate) mod response;
pub(crate) mod session;
pub(crate) mod usage;
pub(crate) mod user;
