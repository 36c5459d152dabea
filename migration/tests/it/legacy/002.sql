create table if not exists user_files (
    id uuid primary key default uuid_generate_v4(),
    user_id uuid references users(id) on delete cascade,
    file_name text,
    file_path text,
    file_type text,
    file_size bigint,
    created_at timestamp default now(),
    updated_at timestamp default now()
);

create index if not exists idx_user_files_user on user_files(user_id);

create index if not exists idx_user_files_user_id on user_files(user_id);

create trigger update_user_files_updated_at before update on user_files
    for each row execute function update_updated_at_column();
