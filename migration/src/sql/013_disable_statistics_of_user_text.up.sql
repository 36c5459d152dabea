-- No statistics of what users write or are called: the planner's estimates would tell any role how
-- many rows of other users begin with a word. No query needs them: rows are found by keys.
alter table users
    alter column phone_number set statistics 0,
    alter column name set statistics 0;
alter table conversations
    alter column title set statistics 0;
alter table messages
    alter column content set statistics 0;
alter table citations
    alter column file_name set statistics 0,
    alter column quote set statistics 0;
alter table message_feedback
    alter column reason set statistics 0;
alter table conversation_summaries
    alter column content set statistics 0;
alter table response_events
    alter column payload set statistics 0;
alter table user_files
    alter column file_name set statistics 0,
    alter column file_path set statistics 0,
    alter column content_sha256 set statistics 0;
alter table access_grants
    alter column reason set statistics 0;
alter table audit_events
    alter column actor_name set statistics 0,
    alter column reason set statistics 0,
    alter column detail set statistics 0;
alter table idempotency_keys
    alter column location set statistics 0,
    alter column body set statistics 0;
alter table known_devices
    alter column name set statistics 0;
alter table user_sessions
    alter column device_name set statistics 0;
alter table otp_codes
    alter column phone_number set statistics 0;
alter table outbox
    alter column phone_number set statistics 0;
alter table webhook_inbox
    alter column body set statistics 0;
