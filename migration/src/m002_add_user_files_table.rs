//! 002: what is known of an uploaded document.

use crate::script::Script;

pub(crate) const MIGRATION: Script = Script {
    name: "002_add_user_files_table",
    up: include_str!("sql/002_add_user_files_table.up.sql"),
    down: include_str!("sql/002_add_user_files_table.down.sql"),
};
