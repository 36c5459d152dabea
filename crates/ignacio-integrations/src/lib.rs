//! The world outside: `OpenAI`, an S3 store and `WhatsApp`, behind the ports of `ignacio-domain`.
//!
//! Each module turns one provider's wire into what the service asks for, and each of its failures
//! into a [`PortError`](ignacio_domain::ports::PortError), which says what the caller can do. No
//! error, log line or span made here holds a phone number, a code, a key or a piece of a message:
//! of what a provider says about a failure only its words for it are kept (status, code, type).
//!
//! Nothing in here retries on its own, apart from the S3 client, whose calls are idempotent: when
//! and how often to try again is the caller's decision.
//!
//! One library below says more than we do: when `async-openai` cannot decode an answer it logs the
//! whole payload, as an error, under targets that begin with `async_openai`. A binary that installs
//! a `tracing` subscriber turns these off (`async_openai=off`), whatever level it runs at.

pub mod http;
pub mod openai;
pub mod settings;
pub mod storage;
pub mod whatsapp;

pub use openai::{OpenAi, OpenAiSettings};
pub use settings::SettingsError;
pub use storage::{S3Settings, S3Store};
pub use whatsapp::{WhatsApp, WhatsAppSettings, parse_webhook};
