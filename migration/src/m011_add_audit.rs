//! 011: the append-only, hash-chained audit.

use crate::script::Script;

pub(crate) const MIGRATION: Script = Script {
    name: "011_add_audit",
    up: include_str!("sql/011_add_audit.up.sql"),
    down: include_str!("sql/011_add_audit.down.sql"),
};
