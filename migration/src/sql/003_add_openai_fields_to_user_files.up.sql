-- How a document stands in the provider's library. No status at all means that it never goes
-- there (images, recordings). The words are those of ignacio_domain::sync::SyncStatus.
alter table user_files
    add column if not exists openai_file_id text,
    add column if not exists openai_vector_store_id text,
    add column if not exists openai_uploaded_at timestamptz,
    add column if not exists openai_sync_status text;
alter table user_files
    add constraint user_files_openai_sync_status_check
    check (openai_sync_status in ('pending', 'syncing', 'synced', 'failed', 'expired'));
create index if not exists user_files_openai_file_idx
    on user_files (openai_file_id) where openai_file_id is not null;
create index if not exists user_files_openai_sync_idx on user_files (user_id, openai_sync_status);
grant update (openai_file_id, openai_vector_store_id, openai_uploaded_at, openai_sync_status)
    on user_files to ignacio_worker;
create policy user_files_worker_update on user_files
    for update to ignacio_worker using (true) with check (true);
