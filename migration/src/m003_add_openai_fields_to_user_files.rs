//! 003: how a document stands in the provider's library.

use crate::script::Script;

pub(crate) const MIGRATION: Script = Script {
    name: "003_add_openai_fields_to_user_files",
    up: include_str!("sql/003_add_openai_fields_to_user_files.up.sql"),
    down: include_str!("sql/003_add_openai_fields_to_user_files.down.sql"),
};
