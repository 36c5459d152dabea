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
        "message_details",
    ],
    "routines": [
        "append_response_events",
        "assume_lease",
        "audit_actor",
        "audit_conversation",
        "audit_file",
        "audit_grant",
        "audit_read",
        "audit_session",
        "audit_user",
        "authenticate",
        "authenticate_page",
        "authenticated_user",
        "authorize_conversation_list",
        "authorize_conversation_read",
        "authorize_read",
        "authorized_read",
        "check_sync_transition",
        "count_message",
        "current_user_id",
        "erase_user",
        "event_writer_id",
        "is_admin",
        "keep_session_revoked",
        "leased_user_id",
        "list_conversations",
        "list_messages",
        "normalize_text",
        "notify_phone_change",
        "poll_response_events",
        "queue_file_purge",
        "queue_response_purge",
        "queue_store_purge",
        "rate_limit_hit",
        "rate_limit_wait",
        "readable_conversation_id",
        "readable_user_id",
        "record_audit_event",
        "record_code_attempt",
        "renew_session",
        "request_code",
        "require_admin_left",
        "require_step_up",
        "require_step_up_for_user_change",
        "reserve_usage",
        "revoke_reused_session",
        "set_updated_at",
        "settle_deleted_response",
    ],
    "triggers": [
        "access_grants",
        "audit_heads",
        "conversation_summaries",
        "conversations",
        "follow_up_jobs",
        "idempotency_keys",
        "known_devices",
        "login_failures",
        "login_monitor",
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
        "citations",
        "conversation_summaries",
        "conversations",
        "erasures",
        "follow_up_jobs",
        "idempotency_keys",
        "known_devices",
        "login_failures",
        "login_monitor",
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
