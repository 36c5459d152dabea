//! 008: codes to send.

use crate::script::Script;

pub(crate) const MIGRATION: Script = Script {
    name: "008_add_otp_outbox",
    up: include_str!("sql/008_add_otp_outbox.up.sql"),
    down: include_str!("sql/008_add_otp_outbox.down.sql"),
};
