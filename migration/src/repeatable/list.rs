//! The list of the repeatable scripts, in the order in which they are applied.

use super::RepeatableScript;

macro_rules! scripts {
    ($($folder:literal: [$($name:literal),* $(,)?]),* $(,)?) => {
        &[$($(
            RepeatableScript {
                name: concat!($folder, "/", $name),
                text: include_str!(concat!("../sql/", $folder, "/", $name, ".sql")),
            },
        )*)*]
    };
}

/// Routines return rows of views, triggers call routines, and so do policies.
pub(super) const SCRIPTS: &[RepeatableScript] = scripts! {
    "views": [
        "whole_messages",
    ],
    "routines": [
        "act_for",
        "ask_code",
        "audit",
        "audit_actor",
        "audit_conversation",
        "audit_file",
        "audit_grant",
        "audit_session",
        "audit_user",
        "begin_read",
        "check_sync_move",
        "count_message",
        "current_user_id",
        "end_reused",
        "enter",
        "enter_list",
        "erase_person",
        "guard_account",
        "is_admin",
        "keep_an_admin",
        "keep_ended",
        "leased_user_id",
        "list_conversations",
        "list_messages",
        "log_replies",
        "log_worker",
        "note_read",
        "plain",
        "queue_file_purge",
        "queue_response_purge",
        "queue_store_purge",
        "read_conversation",
        "read_conversation_id",
        "read_conversations_of",
        "read_user_id",
        "reading",
        "renew",
        "require_step_up",
        "reserve_reply",
        "set_updated_at",
        "settle_deleted",
        "tail_responses",
        "take_turn",
        "tell_of_new_number",
        "try_code",
        "wait_for_turn",
        "whoami",
    ],
    "triggers": [
        "access_grants",
        "audit_heads",
        "chores",
        "conversation_summaries",
        "conversations",
        "idempotency_keys",
        "known_devices",
        "login_failures",
        "login_watch",
        "message_feedback",
        "messages",
        "otp_codes",
        "outbox",
        "purge_queue",
        "rate_buckets",
        "repeatable_scripts",
        "responses",
        "usage_records",
        "user_files",
        "user_sessions",
        "user_vector_stores",
        "users",
        "webhook_inbox",
    ],
    "policies": [
        "access_grants",
        "audit_events",
        "audit_heads",
        "chores",
        "citations",
        "conversation_summaries",
        "conversations",
        "erasures",
        "idempotency_keys",
        "known_devices",
        "login_failures",
        "login_watch",
        "message_feedback",
        "message_files",
        "messages",
        "otp_codes",
        "outbox",
        "purge_queue",
        "rate_buckets",
        "repeatable_scripts",
        "response_events",
        "responses",
        "retired_tokens",
        "seaql_migrations",
        "usage_records",
        "user_files",
        "user_sessions",
        "user_vector_stores",
        "users",
        "webhook_inbox",
    ],
};

#[cfg(test)]
mod tests {
    //! No script is forgotten.

    use std::collections::BTreeSet;
    use std::path::Path;

    use super::SCRIPTS;

    #[test]
    fn every_script_is_in_the_list_once() {
        let sql = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sql");
        let mut found = BTreeSet::new();
        for folder in ["views", "routines", "triggers", "policies"] {
            for entry in std::fs::read_dir(sql.join(folder)).unwrap() {
                let file = entry.unwrap().file_name().into_string().unwrap();
                found.insert(format!("{folder}/{}", file.strip_suffix(".sql").unwrap()));
            }
        }
        let listed: BTreeSet<String> = SCRIPTS.iter().map(|it| it.name.to_owned()).collect();
        assert_eq!(found, listed);
        assert_eq!(SCRIPTS.len(), listed.len());
    }
}
