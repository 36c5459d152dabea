//! The tables that SeaORM's query API is used on, with the columns in use. They never leave this
//! crate.
#![expect(unreachable_pub, reason = "the macro makes everything public; the module is not")]

pub(crate) mod access_grants;
pub(crate) mod audit_events;
pub(crate) mod citations;
pub(crate) mod conversations;
pub(crate) mod message_files;
pub(crate) mod messages;
pub(crate) mod purge_queue;
pub(crate) mod response_events;
pub(crate) mod responses;
pub(crate) mod user_files;
pub(crate) mod user_vector_stores;
pub(crate) mod users;
