//! The handlers, one module per resource.

pub(crate) mod admin;
pub(crate) mod api_docs;
pub(crate) mod conversations;
pub(crate) mod files;
pub(crate) mod health;
pub(crate) mod me;
pub(crate) mod messages;
pub(crate) mod not_found;
pub(crate) mod otp;
pub(crate) mod responses;
pub(crate) mod sessions;
pub(crate) mod webhooks;
