//! Repositories: one per aggregate, each reached from the scope whose role may use it.

pub(crate) mod access_log;
pub(crate) mod admin;
pub(crate) mod chores;
pub(crate) mod codes;
pub(crate) mod conversations;
pub(crate) mod feedback;
pub(crate) mod file_jobs;
pub(crate) mod files;
pub(crate) mod inbox;
pub(crate) mod messages;
pub(crate) mod outbox;
pub(crate) mod people;
pub(crate) mod purges;
pub(crate) mod repeats;
pub(crate) mod reply_jobs;
pub(crate) mod responses;
pub(crate) mod sessions;
pub(crate) mod spending;
pub(crate) mod sweep;
pub(crate) mod versions;
pub(crate) mod watch;
