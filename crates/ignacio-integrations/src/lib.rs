//! The ports of `ignacio-domain`, implemented with `OpenAI`, an S3 store and the `WhatsApp` Cloud API.
//!
//! Each module maps one provider's wire format to a port, and each of its failures to a
//! [`PortError`](ignacio_domain::ports::PortError) or
//! [`SendError`](ignacio_domain::ports::SendError), which says what the caller can do. No error, log
//! line or span contains a phone number, a code, a key or text of a message: of a provider's error
//! only the status, short identifiers such as its code and type, and the request's id are kept.
//!
//! Nothing here retries, except the S3 client, whose calls are idempotent: the caller decides when
//! and how often to retry.
//!
//! If `async-openai` cannot decode a response, it logs the whole payload as an error, under targets
//! that begin with `async_openai`. A binary that installs a `tracing` subscriber must turn these off
//! (`async_openai=off`) at every level.

pub mod http;
pub mod openai;
pub mod settings;
pub mod storage;
pub mod whatsapp;

pub use openai::{OpenAi, OpenAiSettings};
pub use settings::SettingsError;
pub use storage::{S3Settings, S3Store};
pub use whatsapp::{WhatsApp, WhatsAppSettings, parse_webhook};
