//! 006: replies, their events, attachments and citations.

use crate::script::Script;

pub(crate) const MIGRATION: Script = Script {
    name: "006_add_replies",
    up: include_str!("sql/006_add_replies.up.sql"),
    down: include_str!("sql/006_add_replies.down.sql"),
};
