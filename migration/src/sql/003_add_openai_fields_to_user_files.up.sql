-- The state of a file at the provider. A file without a status is never sent there (images,
-- recordings). The values are those of ignacio_domain::sync::SyncStatus.
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
