//! What can go wrong with the stand-ins, each as one sentence that says what to do about it.

use std::{io, path::PathBuf};

/// A part of the devstack did not start or did not do what it was asked.
#[expect(missing_docs, reason = "the message of each variant shows what its fields are")]
#[derive(Debug, thiserror::Error)]
pub enum DevstackError {
    /// This machine has no usable server programs.
    #[error(
        "No PostgreSQL 15 or newer was found on this machine{looked}: install it with `sudo apt-get install postgresql` (Debian, Ubuntu), `sudo dnf install postgresql-server` (Fedora) or `brew install postgresql@17` (macOS), and start again{otherwise}."
    )]
    NoServer { looked: String, otherwise: &'static str },
    /// The major version that wrote the data is not installed.
    #[error(
        "The database in {} was made by PostgreSQL {wanted}, which is not installed here: install that version, or run again with `--fresh` to begin with an empty database.",
        data.display()
    )]
    OtherMajor { data: PathBuf, wanted: String },
    /// This process runs as root, and there is no user to run the server as.
    #[error(
        "PostgreSQL refuses to run as root, and this machine has neither `postgres` nor `nobody` to run it as: start this as an ordinary user."
    )]
    NoOsUser,
    /// The folder has files that the devstack did not put there.
    #[error(
        "The folder {} holds files that are not a devstack database: choose an empty or a new folder.",
        data.display()
    )]
    NotOurs { data: PathBuf },
    /// Another live process uses the folder.
    #[error(
        "The data in {} are in use by another running devstack: stop that one, or choose another folder.",
        data.display()
    )]
    InUse { data: PathBuf },
    /// The data cannot be served any more.
    #[error(
        "The database in {} cannot be started ({detail}): run again with `--fresh` to throw its data away and begin with an empty one.",
        data.display()
    )]
    Damaged { data: PathBuf, detail: String },
    /// The requested port is taken.
    #[error(
        "Port {port} on 127.0.0.1 is taken, so {part} cannot listen there: stop what uses it, or choose another port."
    )]
    PortTaken { part: &'static str, port: u16 },
    /// A program ended early or never became ready.
    #[error("{program} did not start ({detail}): check the free memory and disk space of this machine, and its log {} where the folder lasts.", log.display())]
    NotStarted { program: &'static str, detail: String, log: PathBuf },
    /// The operating system refused something.
    #[error(
        "The devstack could not {doing}: check that the folder is writable and the disk is not full."
    )]
    System {
        doing: String,
        #[source]
        source: io::Error,
    },
    /// The private cluster refused a statement.
    #[error(
        "The devstack's database could not {doing}: look at the cause below and at the server's log."
    )]
    Sql {
        doing: String,
        #[source]
        source: sqlx::Error,
    },
    /// The migrations did not run.
    #[error(
        "The migrations could not be applied to the devstack's database: repair the migration that the cause below names."
    )]
    Migrations {
        #[source]
        source: migration::MigrateError,
    },
    /// The S3 stand-in cannot use its folder.
    #[error("The S3 stand-in cannot use its folder ({detail}): choose another one.")]
    Store { detail: String },
    /// A webhook has nowhere to go.
    #[error(
        "The WhatsApp stand-in has no callback to post webhooks to: set one at the start or with `set_callback`."
    )]
    NoCallback,
    /// No message with this id was sent.
    #[error(
        "The WhatsApp stand-in never accepted the message {wamid}: take the id from its outbox."
    )]
    UnknownMessage { wamid: String },
    /// The callback did not answer.
    #[error(
        "The callback {url} did not take the webhook ({detail}): check that the service is up and the address is `http://`."
    )]
    Callback { url: String, detail: String },
}

impl DevstackError {
    /// No server programs; `looked` says where else they were looked for.
    pub(crate) fn no_server(looked: String) -> Self {
        let otherwise = if cfg!(feature = "embedded-postgres") {
            ""
        } else {
            ", or let it be downloaded: `cargo run -p xtask --features embedded-postgres -- dev`"
        };
        Self::NoServer { looked, otherwise }
    }

    /// For `map_err`: says what was being done when the system refused.
    pub(crate) fn system(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::System { doing, source }
    }

    /// For `map_err`: says what was being done when the database refused.
    pub(crate) fn sql(doing: impl Into<String>) -> impl FnOnce(sqlx::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Sql { doing, source }
    }
}
