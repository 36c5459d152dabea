drop table purge_queue, erasures, user_vector_stores;
alter table user_files
    drop column lease_epoch,
    drop column lease_until,
    drop column lease_owner,
    drop column next_attempt_at,
    drop column synced_at,
    drop column sync_error,
    drop column sync_attempts,
    drop column purged_at,
    drop column deleted_at,
    drop column uploaded_at,
    drop column content_sha256,
    drop column conversation_id;
