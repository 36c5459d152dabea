//! One module per resource, like the handlers.

mod admin;
mod conversations;
mod files;
mod fixation;
mod login;
mod me;
mod messages;
mod operations;
mod repeats;
mod sessions;
mod step_up;
mod usage;
mod webhooks;
