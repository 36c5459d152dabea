-- The metadata of an uploaded file; its bytes are in the private bucket.
create table if not exists user_files (
    id         uuid primary key default gen_random_uuid(),
    user_id    uuid not null references users (id) on delete cascade,
    file_name  varchar(255) not null,
    file_path  varchar(500) not null,
    file_type  varchar(127) not null,
    file_size  bigint not null default 0 constraint user_files_size_check check (file_size >= 0),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint user_files_owner_key unique (user_id, id)
);
create index if not exists user_files_page_idx on user_files (user_id, created_at desc, id desc);
alter table user_files enable row level security;
alter table user_files force row level security;
