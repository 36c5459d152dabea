//! One module per resource, like the handlers.

mod admin;
mod conversations;
mod deletion;
mod feedback;
mod files;
mod idempotency;
mod login;
mod me;
mod message_versions;
mod messages;
mod operations;
mod responses;
mod search;
mod session_fixation;
mod sessions;
mod step_up;
mod usage;
mod webhooks;
