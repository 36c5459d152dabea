//! 009: the hot reads in one round trip.

use crate::script::Script;

pub(crate) const MIGRATION: Script = Script {
    name: "009_add_one_trip_reads",
    up: include_str!("sql/009_add_one_trip_reads.up.sql"),
    down: include_str!("sql/009_add_one_trip_reads.down.sql"),
};
