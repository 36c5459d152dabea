//! Why the program failed, and the exit code for it.

use std::process::ExitCode;

use anyhow::anyhow;

use crate::settings::SettingErrors;

/// Something external is unavailable: the database, the object store, a port (`EX_UNAVAILABLE`).
const UNAVAILABLE: u8 = 69;

/// The settings are invalid, or the database does not fit this version (`EX_CONFIG`).
const CONFIG: u8 = 78;

/// A failure of the program. Its text is meant for operators.
#[derive(Debug, thiserror::Error)]
#[error("{error:#}")]
pub struct ExitError {
    code: u8,
    error: anyhow::Error,
}

impl ExitError {
    /// Something external is unavailable; a retry may help.
    pub(crate) fn unavailable(error: anyhow::Error) -> Self {
        Self { code: UNAVAILABLE, error }
    }

    /// The deployment has to be corrected before a retry helps.
    pub(crate) fn config(what: impl std::fmt::Display) -> Self {
        Self { code: CONFIG, error: anyhow!("{what}") }
    }

    /// The exit code.
    pub fn code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl From<SettingErrors> for ExitError {
    fn from(faults: SettingErrors) -> Self {
        Self::config(faults)
    }
}

impl From<anyhow::Error> for ExitError {
    fn from(error: anyhow::Error) -> Self {
        Self { code: 1, error }
    }
}
