//! 019: answers to repeat.

use crate::script::Script;

pub(crate) const MIGRATION: Script = Script {
    name: "019_add_idempotency_keys",
    up: include_str!("sql/019_add_idempotency_keys.up.sql"),
    down: include_str!("sql/019_add_idempotency_keys.down.sql"),
};
