//! 020: what all running replies of a worker have pending goes to the log in one round trip.

use crate::script::Script;

pub(crate) const MIGRATION: Script = Script {
    name: "020_add_log_writer",
    up: include_str!("sql/020_add_log_writer.up.sql"),
    down: include_str!("sql/020_add_log_writer.down.sql"),
};
