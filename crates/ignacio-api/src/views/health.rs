//! Liveness and readiness.

use serde::Serialize;
use utoipa::ToSchema;

/// The process is alive.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    status: &'static str,
}

impl Health {
    /// The only value: a dead process returns nothing.
    pub(crate) const fn ok() -> Self {
        Self { status: "ok" }
    }
}

/// The state of a dependency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Check {
    Ok,
    Failed,
}

/// Whether the server can handle requests, by dependency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Readiness {
    /// Whether this server is shutting down.
    pub(crate) draining: bool,
    pub(crate) database: Check,
    pub(crate) object_store: Check,
    /// Whether one-time codes can be sent. Logged-in users do not need them, so this does not affect
    /// readiness.
    pub(crate) codes: Check,
    /// Also failed if the database does not respond.
    pub(crate) migrations: Check,
    /// Migrations of this build that have not been applied.
    pub(crate) pending_migrations: Vec<String>,
}

impl Readiness {
    /// Whether every required dependency is ok.
    pub(crate) fn is_ready(&self) -> bool {
        !self.draining
            && self.database == Check::Ok
            && self.object_store == Check::Ok
            && self.migrations == Check::Ok
    }
}
