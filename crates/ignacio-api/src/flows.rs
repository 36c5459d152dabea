//! Work of handlers that is longer than a screen or has several callers.

pub(crate) mod idempotency;
pub(crate) mod login;
pub(crate) mod new_version;
pub(crate) mod post_message;
pub(crate) mod upload;
