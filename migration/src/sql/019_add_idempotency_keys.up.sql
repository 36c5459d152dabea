-- The answers to requests that make something, so that a client that heard none may ask again. An
-- answer is written in the transaction that makes the thing, so there is never one without the other.
create table idempotency_keys (
    id              uuid primary key default gen_random_uuid(),
    user_id         uuid not null references users (id) on delete cascade,
    -- A digest of the key, and one of the request that came with it.
    key_hash        bytea not null,
    request_hash    bytea not null,
    -- Where the thing belongs: what was answered goes with it.
    conversation_id uuid,
    -- Until when a request without an answer counts as under way; one of a process that died is not.
    locked_until    timestamptz not null default now() + interval '5 minutes',
    status          smallint,
    location        text,
    body            text,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    constraint idempotency_keys_key unique (user_id, key_hash),
    constraint idempotency_keys_conversation_fkey foreign key (user_id, conversation_id)
        references conversations (user_id, id) on delete cascade
);
create index idempotency_keys_conversation_idx on idempotency_keys (user_id, conversation_id);
create index idempotency_keys_created_idx on idempotency_keys (created_at);
create trigger idempotency_keys_updated_at before update on idempotency_keys
    for each row execute function app.set_updated_at();
alter table idempotency_keys enable row level security;
alter table idempotency_keys force row level security;

grant select, insert (user_id, key_hash, request_hash),
    update (request_hash, conversation_id, locked_until, status, location, body), delete
    on idempotency_keys to ignacio_api, ignacio_admin;
create policy idempotency_keys_api_select on idempotency_keys
    for select to ignacio_api using (user_id = (select app.current_user_id()));
create policy idempotency_keys_api_insert on idempotency_keys
    for insert to ignacio_api with check (user_id = (select app.current_user_id()));
create policy idempotency_keys_api_update on idempotency_keys
    for update to ignacio_api using (user_id = (select app.current_user_id()))
    with check (user_id = (select app.current_user_id()));
create policy idempotency_keys_api_delete on idempotency_keys
    for delete to ignacio_api using (user_id = (select app.current_user_id()));
-- An admin's own, too.
create policy idempotency_keys_admin_select on idempotency_keys
    for select to ignacio_admin using (user_id = (select app.current_user_id()) and (select app.is_admin()));
create policy idempotency_keys_admin_insert on idempotency_keys
    for insert to ignacio_admin with check (user_id = (select app.current_user_id()) and (select app.is_admin()));
create policy idempotency_keys_admin_update on idempotency_keys
    for update to ignacio_admin using (user_id = (select app.current_user_id()) and (select app.is_admin()))
    with check (user_id = (select app.current_user_id()) and (select app.is_admin()));
create policy idempotency_keys_admin_delete on idempotency_keys
    for delete to ignacio_admin using (user_id = (select app.current_user_id()) and (select app.is_admin()));
grant select (id, created_at), delete on idempotency_keys to ignacio_worker;
create policy idempotency_keys_worker_select on idempotency_keys
    for select to ignacio_worker using (created_at < now() - interval '24 hours');
create policy idempotency_keys_worker_delete on idempotency_keys
    for delete to ignacio_worker using (created_at < now() - interval '24 hours');
