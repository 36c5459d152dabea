//! 015: notices, delivery reports and their inbox.

use crate::script::Script;

pub(crate) const MIGRATION: Script = Script {
    name: "015_add_delivery",
    up: include_str!("sql/015_add_delivery.up.sql"),
    down: include_str!("sql/015_add_delivery.down.sql"),
};
