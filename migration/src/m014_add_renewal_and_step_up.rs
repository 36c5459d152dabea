//! 014: tokens that change while their session goes on, and acts that need a fresh code.

use crate::script::Script;

pub(crate) const MIGRATION: Script = Script {
    name: "014_add_renewal_and_step_up",
    up: include_str!("sql/014_add_renewal_and_step_up.up.sql"),
    down: include_str!("sql/014_add_renewal_and_step_up.down.sql"),
};
