//! 005: languages, and counts that the database keeps.

use crate::script::Script;

pub(crate) const MIGRATION: Script = Script {
    name: "005_add_people_and_conversation_columns",
    up: include_str!("sql/005_add_people_and_conversation_columns.up.sql"),
    down: include_str!("sql/005_add_people_and_conversation_columns.down.sql"),
};
