//! 004: the temporary user of the log.

use crate::script::Script;

pub(crate) const MIGRATION: Script = Script {
    name: "004_create_temporary_user",
    up: include_str!("sql/004_create_temporary_user.up.sql"),
    down: include_str!("sql/004_create_temporary_user.down.sql"),
};
