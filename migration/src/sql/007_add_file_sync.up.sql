-- The row of a file is its job: it is claimed with a lease, fenced by an epoch, and its status
-- moves only along the arrows of ignacio_domain::sync::SyncStatus.
alter table user_files
    add column conversation_id uuid,
    add column content_sha256  bytea,
    -- Null while the bytes are on their way: such a row is shown to nobody.
    add column uploaded_at     timestamptz,
    -- Set when the owner deletes it: hidden at once, removed when nothing is left elsewhere.
    add column deleted_at      timestamptz,
    add column purged_at       timestamptz,
    add column sync_attempts   integer not null default 0,
    add column sync_error      text,
    add column synced_at       timestamptz,
    add column next_attempt_at timestamptz not null default now(),
    add column lease_owner     uuid,
    add column lease_until     timestamptz,
    add column lease_epoch     bigint not null default 0,
    add constraint user_files_conversation_fkey foreign key (user_id, conversation_id)
        references conversations (user_id, id) on delete set null (conversation_id);
create index user_files_conversation_idx on user_files (user_id, conversation_id);
create index user_files_due_idx on user_files (next_attempt_at)
    where openai_sync_status in ('pending', 'syncing') and deleted_at is null;
create index user_files_deleted_idx on user_files (next_attempt_at) where deleted_at is not null;
create index user_files_unfinished_idx on user_files (created_at)
    where uploaded_at is null and deleted_at is null;

grant insert (conversation_id) on user_files to ignacio_api;
grant update (content_sha256, uploaded_at, deleted_at, openai_sync_status, next_attempt_at)
    on user_files to ignacio_api;
-- The request path makes a file pending and hides it, for good; all the rest is the worker's.
drop policy user_files_api_update on user_files;
create policy user_files_api_update on user_files
    for update to ignacio_api
    using (user_id = (select app.current_user_id()) and deleted_at is null)
    with check (
        user_id = (select app.current_user_id())
        and (deleted_at is not null or openai_sync_status is not distinct from 'pending'
             or openai_sync_status is null));
grant update (deleted_at, purged_at, sync_attempts, sync_error, synced_at, next_attempt_at,
    lease_owner, lease_until, lease_epoch) on user_files to ignacio_worker;
create policy user_files_worker_delete on user_files
    for delete to ignacio_worker
    using (deleted_at is not null and purged_at is not null and openai_file_id is null);

create function app.check_sync_move() returns trigger
    language plpgsql set search_path = '' as $$
begin
    if new.openai_sync_status is not distinct from old.openai_sync_status
        or (old.openai_sync_status, new.openai_sync_status) in (
            ('pending', 'syncing'),
            ('syncing', 'pending'), ('syncing', 'synced'), ('syncing', 'failed'),
            ('synced', 'expired'), ('expired', 'pending'), ('failed', 'pending'))
        or (old.openai_sync_status is null and new.openai_sync_status = 'pending')
    then
        return new;
    end if;
    raise exception using errcode = 'check_violation', message = pg_catalog.format(
        'a file cannot go from %s to %s', old.openai_sync_status, new.openai_sync_status);
end $$;
create trigger user_files_sync_move before update of openai_sync_status on user_files
    for each row execute function app.check_sync_move();

create table user_vector_stores (
    user_id                uuid primary key references users (id) on delete cascade,
    openai_vector_store_id text not null unique,
    created_at             timestamptz not null default now(),
    updated_at             timestamptz not null default now()
);
create trigger user_vector_stores_updated_at before update on user_vector_stores
    for each row execute function app.set_updated_at();
alter table user_vector_stores enable row level security;
alter table user_vector_stores force row level security;
grant select, insert, delete on user_vector_stores to ignacio_worker;
create policy user_vector_stores_worker_select on user_vector_stores
    for select to ignacio_worker using (true);
create policy user_vector_stores_worker_insert on user_vector_stores
    for insert to ignacio_worker with check (true);
create policy user_vector_stores_worker_delete on user_vector_stores
    for delete to ignacio_worker using (true);

-- What must go elsewhere when rows go here. It names no person.
create table purge_queue (
    id              uuid primary key default gen_random_uuid(),
    kind            text not null constraint purge_queue_kind_check check (
        kind in ('object', 'openai_file', 'openai_vector_store', 'openai_response')),
    target          text not null,
    attempts        integer not null default 0,
    error           text,
    next_attempt_at timestamptz not null default now(),
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now()
);
create index purge_queue_due_idx on purge_queue (next_attempt_at);
create trigger purge_queue_updated_at before update on purge_queue
    for each row execute function app.set_updated_at();
alter table purge_queue enable row level security;
alter table purge_queue force row level security;
grant select, delete on purge_queue to ignacio_worker;
grant update (attempts, error, next_attempt_at) on purge_queue to ignacio_worker;
grant insert (kind, target) on purge_queue to ignacio_definer;
create policy purge_queue_worker_select on purge_queue for select to ignacio_worker using (true);
create policy purge_queue_worker_update on purge_queue
    for update to ignacio_worker using (true) with check (true);
create policy purge_queue_worker_delete on purge_queue for delete to ignacio_worker using (true);
create policy purge_queue_definer_insert on purge_queue
    for insert to ignacio_definer with check (true);

grant create on schema app to ignacio_definer;
set local role ignacio_definer;
create function app.queue_file_purge() returns trigger
    language plpgsql security definer set search_path = '' as $$
begin
    insert into public.purge_queue (kind, target) values ('object', old.file_path);
    if old.openai_file_id is not null then
        insert into public.purge_queue (kind, target) values ('openai_file', old.openai_file_id);
    end if;
    return old;
end $$;
create function app.queue_store_purge() returns trigger
    language plpgsql security definer set search_path = '' as $$
begin
    insert into public.purge_queue (kind, target)
    values ('openai_vector_store', old.openai_vector_store_id);
    return old;
end $$;
create function app.queue_response_purge() returns trigger
    language plpgsql security definer set search_path = '' as $$
begin
    insert into public.purge_queue (kind, target)
    values ('openai_response', old.provider_response_id);
    return old;
end $$;
revoke all on function app.queue_file_purge(), app.queue_store_purge(), app.queue_response_purge()
    from public;
grant execute on function app.queue_file_purge(), app.queue_store_purge(),
    app.queue_response_purge() to ignacio_owner;
set local role ignacio_owner;
revoke create on schema app from ignacio_definer;
create trigger user_files_purge before delete on user_files
    for each row when (old.purged_at is null) execute function app.queue_file_purge();
create trigger user_vector_stores_purge before delete on user_vector_stores
    for each row execute function app.queue_store_purge();
create trigger responses_purge before delete on responses
    for each row when (old.provider_response_id is not null)
    execute function app.queue_response_purge();
