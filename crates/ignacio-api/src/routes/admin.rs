//! What admins may do: the middleware verifies an admin's session, and each scope does so again.

pub(crate) mod access_grants;
pub(crate) mod audit_events;
pub(crate) mod erasures;
pub(crate) mod usage;
pub(crate) mod user_content;
pub(crate) mod users;
