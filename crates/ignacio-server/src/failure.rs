//! Why the program ends without having done what it was asked, and with which exit code.

use std::process::ExitCode;

use anyhow::anyhow;

use crate::settings::Faults;

/// Something outside is not there: the database, the object store, a free port (`EX_UNAVAILABLE`).
const UNAVAILABLE: u8 = 69;

/// The settings are wrong, or the database is not what this version needs (`EX_CONFIG`).
const CONFIG: u8 = 78;

/// An end that is no success. Its text is meant for people.
#[derive(Debug, thiserror::Error)]
#[error("{error:#}")]
pub struct ExitError {
    code: u8,
    error: anyhow::Error,
}

impl ExitError {
    /// Something outside is not there; trying again later may help.
    pub(crate) fn unavailable(error: anyhow::Error) -> Self {
        Self { code: UNAVAILABLE, error }
    }

    /// Somebody has to change the deployment before trying again helps.
    pub(crate) fn config(what: impl std::fmt::Display) -> Self {
        Self { code: CONFIG, error: anyhow!("{what}") }
    }

    /// The exit code.
    pub fn code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl From<Faults> for ExitError {
    fn from(faults: Faults) -> Self {
        Self::config(faults)
    }
}

impl From<anyhow::Error> for ExitError {
    fn from(error: anyhow::Error) -> Self {
        Self { code: 1, error }
    }
}
