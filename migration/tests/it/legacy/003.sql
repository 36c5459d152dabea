alter table user_files add column if not exists openai_file_id varchar(255);

alter table user_files add column if not exists openai_vector_store_id varchar(255);

alter table user_files add column if not exists openai_uploaded_at timestamp with time zone;

alter table user_files add column if not exists openai_sync_status varchar(20) default 'pending'
    check (openai_sync_status in ('pending', 'synced', 'failed', 'expired'));
