//! 007: files as jobs, vector stores, and what must be purged elsewhere.

use crate::script::Script;

pub(crate) const MIGRATION: Script = Script {
    name: "007_add_file_sync",
    up: include_str!("sql/007_add_file_sync.up.sql"),
    down: include_str!("sql/007_add_file_sync.down.sql"),
};
