-- What is known of an uploaded document; its bytes lie in the private bucket.
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
create trigger user_files_updated_at before update on user_files
    for each row execute function app.set_updated_at();

alter table user_files enable row level security;
alter table user_files force row level security;
grant select on user_files to ignacio_api;
grant insert (id, user_id, file_name, file_path, file_type) on user_files to ignacio_api;
grant update (file_name, file_size) on user_files to ignacio_api;
grant select, delete on user_files to ignacio_worker;
create policy user_files_api_select on user_files
    for select to ignacio_api using (user_id = (select app.current_user_id()));
-- The object's key is made of the owner and the row, so that no row can point at another's object.
create policy user_files_api_insert on user_files
    for insert to ignacio_api
    with check (
        user_id = (select app.current_user_id())
        and file_path = 'users/' || user_id || '/' || id);
create policy user_files_api_update on user_files
    for update to ignacio_api using (user_id = (select app.current_user_id()))
    with check (user_id = (select app.current_user_id()));
create policy user_files_worker_select on user_files
    for select to ignacio_worker using (true);
