//! One module per resource, like the handlers.

mod admin;
mod conversations;
mod deletion;
mod feedback;
mod files;
mod fixation;
mod idempotency;
mod login;
mod me;
mod messages;
mod operations;
mod responses;
mod search;
mod sessions;
mod step_up;
mod usage;
mod versions;
mod webhooks;
