//! 021: the log is read by its key, and a lease is looked up once for a row and not twice.

use crate::script::Script;

pub(crate) const MIGRATION: Script = Script {
    name: "021_read_log_by_key",
    up: include_str!("sql/021_read_log_by_key.up.sql"),
    down: include_str!("sql/021_read_log_by_key.down.sql"),
};
