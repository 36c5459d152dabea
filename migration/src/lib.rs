//! The database's schema, and the roles that work on it.
//!
//! Numbered migrations hold tables, columns, constraints, indexes and data: 001 to 004 mirror the
//! migration log of the old system, by name and order, and ours start at 005. Views, routines,
//! triggers and policies are repeatable scripts, one file per object or table, which always hold the
//! current text. Both are applied in one transaction. This crate depends on no other crate of the
//! workspace: a migration must not change its meaning when an entity does.
//!
//! `docs/adding-an-endpoint.md` describes how to change any of them.

mod error;
mod guard;
mod legacy_import;
mod migrations;
mod repeatable;
mod roles;
mod run;
mod server_version;

pub use error::MigrateError;
pub use legacy_import::report::{LegacyImport, Notice, TableCount};
pub use migrations::names;
pub use repeatable::{Difference, ScriptChange};
pub use roles::{RolePasswords, SERVICE_ROLES, service_url};
pub use run::{
    Applied, MigrationStatus, Status, apply, apply_with_progress, plan, rollback, status,
};
