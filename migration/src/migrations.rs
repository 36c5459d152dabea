//! The numbered migrations: tables, columns, constraints, indexes and data.
//!
//! They are one list and not one module each: a module would hold nothing but its two
//! `include_str!`.

use sea_orm::ConnectionTrait as _;
use sea_orm_migration::prelude::{DbErr, MigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::{MigratorTrait, async_trait};

/// A migration made of two SQL scripts, which run as `ignacio_owner`.
#[derive(Clone, Copy)]
pub(crate) struct Migration {
    pub(crate) name: &'static str,
    /// The tables it creates that the old system did not have.
    pub(crate) new_tables: &'static [&'static str],
    up: &'static str,
    down: &'static str,
}

macro_rules! migration {
    ($name:literal, $new_tables:expr) => {
        Migration {
            name: $name,
            new_tables: &$new_tables,
            up: include_str!(concat!("sql/", $name, ".up.sql")),
            down: include_str!(concat!("sql/", $name, ".down.sql")),
        }
    };
}

/// All of them, in their order.
pub(crate) const MIGRATIONS: [Migration; 13] = [
    migration!("001_initial_schema", []),
    migration!("002_add_user_files_table", []),
    migration!("003_add_openai_fields_to_user_files", []),
    migration!("004_create_temporary_user", []),
    migration!("005_extend_users_conversations_and_messages", ["message_feedback"]),
    migration!(
        "006_add_responses",
        [
            "responses",
            "response_events",
            "message_files",
            "citations",
            "follow_up_jobs",
            "conversation_summaries",
        ]
    ),
    migration!(
        "007_add_file_sync_and_purge_queue",
        ["user_vector_stores", "erasures", "purge_queue"]
    ),
    migration!(
        "008_add_login_limits_and_step_up",
        ["rate_buckets", "login_failures", "known_devices", "login_monitor", "retired_tokens"]
    ),
    migration!("009_add_outbox", ["outbox", "webhook_inbox"]),
    migration!("010_add_audit_and_access_grants", ["audit_events", "audit_heads", "access_grants"]),
    migration!("011_add_usage_and_idempotency_keys", ["usage_records", "idempotency_keys"]),
    migration!("012_add_repeatable_scripts", ["repeatable_scripts"]),
    migration!("013_disable_statistics_of_user_text", []),
];

/// The migration before which the tables of the old system are set aside.
pub(crate) const FIRST: &str = "001_initial_schema";

/// The names of all numbered migrations, in their order.
pub fn names() -> Vec<String> {
    MIGRATIONS.iter().map(|migration| migration.name.to_owned()).collect()
}

pub(crate) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        MIGRATIONS.map(|migration| -> Box<dyn MigrationTrait> { Box::new(migration) }).into()
    }
}

impl MigrationName for Migration {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
#[expect(
    elided_lifetimes_in_paths,
    reason = "the trait elides it, and async_trait wants the same form"
)]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(self.up).await.map(|_| ())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(self.down).await.map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    //! No script is forgotten.

    use std::collections::BTreeSet;
    use std::path::Path;

    use super::names;

    #[test]
    fn every_numbered_script_is_in_the_list() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sql");
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        let found: BTreeSet<String> = files
            .map(|file| file.into_string().unwrap())
            .filter(|file| Path::new(file).extension().is_some_and(|it| it == "sql"))
            .collect();
        let listed = names()
            .into_iter()
            .flat_map(|name| [format!("{name}.up.sql"), format!("{name}.down.sql")]);
        assert_eq!(found, listed.collect());
    }
}
