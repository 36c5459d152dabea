//! 016: versions of messages and feedback.

use crate::script::Script;

pub(crate) const MIGRATION: Script = Script {
    name: "016_add_versions",
    up: include_str!("sql/016_add_versions.up.sql"),
    down: include_str!("sql/016_add_versions.down.sql"),
};
