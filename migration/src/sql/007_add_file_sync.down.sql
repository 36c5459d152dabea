drop trigger responses_purge on responses;
drop trigger user_files_purge on user_files;
drop table user_vector_stores, purge_queue;
set local role ignacio_definer;
drop function app.queue_file_purge();
drop function app.queue_store_purge();
drop function app.queue_response_purge();
set local role ignacio_owner;
drop trigger user_files_sync_move on user_files;
drop function app.check_sync_move();
drop policy user_files_worker_delete on user_files;
drop policy user_files_api_update on user_files;
revoke update (openai_sync_status) on user_files from ignacio_api;
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
create policy user_files_api_update on user_files
    for update to ignacio_api using (user_id = (select app.current_user_id()))
    with check (user_id = (select app.current_user_id()));
