//! 012: what the staff may see and do.

use crate::script::Script;

pub(crate) const MIGRATION: Script = Script {
    name: "012_add_administration",
    up: include_str!("sql/012_add_administration.up.sql"),
    down: include_str!("sql/012_add_administration.down.sql"),
};
