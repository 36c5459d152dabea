//! 001: people, conversations, messages, sessions, codes, and who may see which row.

use crate::script::Script;

pub(crate) const MIGRATION: Script = Script {
    name: "001_initial_schema",
    up: include_str!("sql/001_initial_schema.up.sql"),
    down: include_str!("sql/001_initial_schema.down.sql"),
};
