//! Whether the service lives and whether it can answer.

use serde::Serialize;
use utoipa::ToSchema;

/// The process answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    status: &'static str,
}

impl Health {
    /// The only thing that a living process can say.
    pub(crate) const fn living() -> Self {
        Self { status: "ok" }
    }
}

/// What one part of the service says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Check {
    Ok,
    Failed,
}

/// Whether requests can be answered, part by part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Readiness {
    /// Whether this server is shutting down.
    pub(crate) draining: bool,
    pub(crate) database: Check,
    pub(crate) object_store: Check,
    /// Whether one-time codes can be sent. Who is logged in goes on without, so that a server is
    /// ready all the same.
    pub(crate) codes: Check,
    /// Failed as well when the database cannot say.
    pub(crate) migrations: Check,
    /// Migrations that this build knows and the database has not.
    pub(crate) pending_migrations: Vec<String>,
}

impl Readiness {
    /// Whether every part is as it should be.
    pub(crate) fn is_ready(&self) -> bool {
        !self.draining
            && self.database == Check::Ok
            && self.object_store == Check::Ok
            && self.migrations == Check::Ok
    }
}
