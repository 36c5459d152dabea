//! 010: the migrator's own table, and roles that are not ours.

use crate::script::Script;

pub(crate) const MIGRATION: Script = Script {
    name: "010_guard_migration_log",
    up: include_str!("sql/010_guard_migration_log.up.sql"),
    down: include_str!("sql/010_guard_migration_log.down.sql"),
};
