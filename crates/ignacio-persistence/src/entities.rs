//! The tables as SeaORM sees them: columns and relations, no logic. They never leave this crate.
#![expect(unreachable_pub, reason = "the macro makes everything public; the module is not")]

pub(crate) mod citations;
pub(crate) mod conversations;
pub(crate) mod message_files;
pub(crate) mod messages;
pub(crate) mod otp_codes;
pub(crate) mod purge_queue;
pub(crate) mod response_events;
pub(crate) mod responses;
pub(crate) mod user_files;
pub(crate) mod user_sessions;
pub(crate) mod user_vector_stores;
pub(crate) mod users;
