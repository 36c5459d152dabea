//! The database's schema, told as migrations, and the roles that work on it.
//!
//! 001 to 004 mirror the log of the system that came before, by name and order; what is ours
//! starts at 005. Each migration is a pair of SQL scripts, so that what a reviewer reads is what
//! runs. This crate depends on no other crate of the workspace: a migration must not change its
//! meaning when an entity does.
//!
//! How to add one: write `sql/NNN_name.up.sql` and `.down.sql`, add `mNNN_name.rs` beside the
//! others, name it in [`names`]'s list below, run `cargo xtask schema`, and add the new columns to
//! the entities and to the row level security matrix of `ignacio-persistence`.

mod adoption;
mod error;
mod guard;
mod m001_initial_schema;
mod m002_add_user_files_table;
mod m003_add_openai_fields_to_user_files;
mod m004_create_temporary_user;
mod m005_add_people_and_conversation_columns;
mod m006_add_replies;
mod m007_add_file_sync;
mod m008_add_otp_outbox;
mod m009_add_one_trip_reads;
mod m010_guard_migration_log;
mod m011_add_audit;
mod m012_add_administration;
mod m013_add_login_limits;
mod m014_add_renewal_and_step_up;
mod m015_add_delivery;
mod m016_add_versions;
mod m017_add_chores;
mod m018_add_usage;
mod m019_add_idempotency_keys;
mod m020_add_log_writer;
mod m021_read_log_by_key;
mod report;
mod roles;
mod run;
mod script;
mod server_version;

use sea_orm_migration::{MigrationTrait, MigratorTrait};

pub use error::MigrateError;
pub use report::{Adoption, Notice, TableCount};
pub use roles::{RolePasswords, SERVICE_ROLES, service_url};
pub use run::{Applied, Status, apply, apply_and_tell, plan, rollback, status};

struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m001_initial_schema::MIGRATION),
            Box::new(m002_add_user_files_table::MIGRATION),
            Box::new(m003_add_openai_fields_to_user_files::MIGRATION),
            Box::new(m004_create_temporary_user::MIGRATION),
            Box::new(m005_add_people_and_conversation_columns::MIGRATION),
            Box::new(m006_add_replies::MIGRATION),
            Box::new(m007_add_file_sync::MIGRATION),
            Box::new(m008_add_otp_outbox::MIGRATION),
            Box::new(m009_add_one_trip_reads::MIGRATION),
            Box::new(m010_guard_migration_log::MIGRATION),
            Box::new(m011_add_audit::MIGRATION),
            Box::new(m012_add_administration::MIGRATION),
            Box::new(m013_add_login_limits::MIGRATION),
            Box::new(m014_add_renewal_and_step_up::MIGRATION),
            Box::new(m015_add_delivery::MIGRATION),
            Box::new(m016_add_versions::MIGRATION),
            Box::new(m017_add_chores::MIGRATION),
            Box::new(m018_add_usage::MIGRATION),
            Box::new(m019_add_idempotency_keys::MIGRATION),
            Box::new(m020_add_log_writer::MIGRATION),
            Box::new(m021_read_log_by_key::MIGRATION),
        ]
    }
}

/// The names of all migrations, in their order.
pub fn names() -> Vec<String> {
    Migrator::migrations().iter().map(|it| it.name().to_owned()).collect()
}
