//! 017: chores, summaries, and what a reply was made with.

use crate::script::Script;

pub(crate) const MIGRATION: Script = Script {
    name: "017_add_chores",
    up: include_str!("sql/017_add_chores.up.sql"),
    down: include_str!("sql/017_add_chores.down.sql"),
};
