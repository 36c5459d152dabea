//! Stand-ins for everything that Ignacio talks to, on one machine and without subscriptions.
//!
//! Modules:
//! - [`log_leak_scan`]: collects the logs and the secrets for `cargo xtask log-leak-scan`;
//! - [`openai`]: a server that speaks the wire format of the OpenAI API, answers by quoting the
//!   attached documents, and fails at any byte on request;
//! - [`postgres`]: a private PostgreSQL cluster from the server programs of this machine, and a
//!   migrated database of its own for every test;
//! - [`s3`]: a real S3 server in this process, over a folder;
//! - [`supervised_process`]: a child process that never outlives this one;
//! - [`whatsapp`]: the message endpoint of the WhatsApp Cloud API, with an outbox to read codes
//!   from and signed webhooks.
//!
//! The crates that ship use this one as a dev-dependency only; besides them, `cargo xtask` uses it.
//! It depends on `migration` and on no other crate of the workspace, so that
//! a change in the service does not rebuild the stand-ins. It runs on Linux and macOS.
//!
//! A test starts what it needs, and stops it by dropping it:
//! ```no_run
//! # async fn test() -> Result<(), ignacio_devstack::DevstackError> {
//! use ignacio_devstack::{DatabaseRole, S3Options, S3StandIn, TestDatabase};
//!
//! let database = TestDatabase::create().await;
//! let store = S3StandIn::start(S3Options::default())?;
//! store.create_bucket("user-files")?;
//! println!("{} {}", database.url(DatabaseRole::Api), store.endpoint());
//! # Ok(())
//! # }
//! ```
//! Nothing is left, even if the process is killed: the database server is a supervised process.

mod error;
mod http_server;
pub mod log_leak_scan;
mod loopback;
pub mod openai;
pub mod postgres;
pub mod s3;
mod scale;
pub mod supervised_process;
pub mod whatsapp;

pub use error::DevstackError;
pub use openai::{OpenAiOptions, OpenAiStandIn};
pub use postgres::{Cluster, ClusterOptions, DatabaseRole, TestDatabase};
pub use s3::{S3Options, S3StandIn};
pub use scale::scale;
pub use whatsapp::{WhatsAppOptions, WhatsAppStandIn};
