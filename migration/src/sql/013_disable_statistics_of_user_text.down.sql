alter table users
    alter column phone_number set statistics -1,
    alter column name set statistics -1;
alter table conversations
    alter column title set statistics -1;
alter table messages
    alter column content set statistics -1;
alter table citations
    alter column file_name set statistics -1,
    alter column quote set statistics -1;
alter table message_feedback
    alter column reason set statistics -1;
alter table conversation_summaries
    alter column content set statistics -1;
alter table response_events
    alter column payload set statistics -1;
alter table user_files
    alter column file_name set statistics -1,
    alter column file_path set statistics -1,
    alter column content_sha256 set statistics -1;
alter table access_grants
    alter column reason set statistics -1;
alter table audit_events
    alter column actor_name set statistics -1,
    alter column reason set statistics -1,
    alter column detail set statistics -1;
alter table idempotency_keys
    alter column location set statistics -1,
    alter column body set statistics -1;
alter table known_devices
    alter column name set statistics -1;
alter table user_sessions
    alter column device_name set statistics -1;
alter table otp_codes
    alter column phone_number set statistics -1;
alter table outbox
    alter column phone_number set statistics -1;
alter table webhook_inbox
    alter column body set statistics -1;
