//! The event log of replies: written in batches; read directly in this process or by polling.

pub(crate) mod batch_writer;
pub(crate) mod event_buffer;
pub(crate) mod event_poller;
pub(crate) mod hub;
pub(crate) mod publisher;
pub(crate) mod stored_event;
pub(crate) mod subscriber;
pub(crate) mod writer;
