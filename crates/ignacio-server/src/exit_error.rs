//! Why the program failed, and the exit code for it.

use std::process::ExitCode;

use anyhow::anyhow;
use migration::MigrateError;

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
    pub(crate) fn unavailable(error: impl Into<anyhow::Error>) -> Self {
        Self { code: UNAVAILABLE, error: error.into() }
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

/// A wrong deployment, which an operator has to correct, or an outage, which passes.
impl From<MigrateError> for ExitError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::ServerTooOld(_) => Self::config(format!(
                "DATABASE_URL points to a server that cannot be used: {error}"
            )),
            MigrateError::Url(_)
            | MigrateError::NewerSchema { .. }
            | MigrateError::ReplacedMigrations { .. }
            | MigrateError::NotImportable(_) => {
                Self::config(format!("DATABASE_URL cannot be used: {error}"))
            }
            MigrateError::Busy | MigrateError::Database(_) => Self::unavailable(error),
        }
    }
}

impl From<anyhow::Error> for ExitError {
    fn from(error: anyhow::Error) -> Self {
        Self { code: 1, error }
    }
}
