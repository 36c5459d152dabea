//! 018: usage and its limits.

use crate::script::Script;

pub(crate) const MIGRATION: Script = Script {
    name: "018_add_usage",
    up: include_str!("sql/018_add_usage.up.sql"),
    down: include_str!("sql/018_add_usage.down.sql"),
};
