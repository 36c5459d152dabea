//! What the staff may do. The way in proves an admin's session, and each scope does again.

pub(crate) mod audit;
pub(crate) mod grants;
pub(crate) mod logins;
pub(crate) mod readings;
pub(crate) mod removal;
pub(crate) mod usage;
pub(crate) mod users;
