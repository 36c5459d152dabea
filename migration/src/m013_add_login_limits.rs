//! 013: how often a code may be asked for and tried, and on which devices.

use crate::script::Script;

pub(crate) const MIGRATION: Script = Script {
    name: "013_add_login_limits",
    up: include_str!("sql/013_add_login_limits.up.sql"),
    down: include_str!("sql/013_add_login_limits.down.sql"),
};
