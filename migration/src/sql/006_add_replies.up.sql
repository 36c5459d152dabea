-- Replies: one row per generation, which is also the job; their events, attachments, citations.
create table responses (
    id                   uuid primary key default gen_random_uuid(),
    user_id              uuid not null,
    conversation_id      uuid not null,
    message_id           uuid not null references messages (id) on delete cascade,
    state                text not null default 'queued'
        constraint responses_state_check check (
            state in ('queued', 'running', 'completed', 'incomplete', 'cancelled', 'failed')),
    failure              text,
    incomplete_reason    text,
    model                text,
    instructions_version text,
    provider_response_id text,
    provider_cursor      bigint,
    input_tokens         bigint,
    cached_tokens        bigint,
    output_tokens        bigint,
    reasoning_tokens     bigint,
    cancel_requested_at  timestamptz,
    attempts             integer not null default 0,
    next_attempt_at      timestamptz not null default now(),
    lease_owner          uuid,
    lease_until          timestamptz,
    lease_epoch          bigint not null default 0,
    started_at           timestamptz,
    finished_at          timestamptz,
    created_at           timestamptz not null default now(),
    updated_at           timestamptz not null default now(),
    constraint responses_owner_key unique (user_id, id),
    constraint responses_message_key unique (message_id),
    constraint responses_conversation_fkey foreign key (user_id, conversation_id)
        references conversations (user_id, id) on delete cascade
);
create index responses_conversation_idx
    on responses (user_id, conversation_id, created_at desc);
-- One reply at a time in a conversation.
create unique index responses_running_key
    on responses (conversation_id) where state in ('queued', 'running');
create index responses_lease_idx on responses (lease_owner) where state = 'running';
create index responses_due_idx
    on responses (next_attempt_at) where state in ('queued', 'running');
create trigger responses_updated_at before update on responses
    for each row execute function app.set_updated_at();

-- Events 1, 2, 3 … of a response. Neighbouring deltas share a row: it then covers first_seq to seq
-- and keeps each delta's text, so that a reader can join at any number.
create table response_events (
    response_id uuid not null,
    user_id     uuid not null,
    seq         bigint not null,
    first_seq   bigint not null,
    kind        text not null,
    payload     jsonb not null,
    created_at  timestamptz not null default now(),
    primary key (response_id, seq),
    constraint response_events_span_check check (first_seq between 1 and seq),
    constraint response_events_response_fkey foreign key (user_id, response_id)
        references responses (user_id, id) on delete cascade
);
create index response_events_response_idx on response_events (user_id, response_id);

create table message_files (
    message_id uuid not null references messages (id) on delete cascade,
    user_id    uuid not null,
    file_id    uuid not null,
    created_at timestamptz not null default now(),
    primary key (message_id, file_id),
    constraint message_files_file_fkey foreign key (user_id, file_id)
        references user_files (user_id, id) on delete cascade
);
create index message_files_file_idx on message_files (user_id, file_id);

create table citations (
    id         uuid primary key default gen_random_uuid(),
    message_id uuid not null references messages (id) on delete cascade,
    user_id    uuid not null,
    -- The name and the words outlive the document; the pointer does not.
    file_id    uuid,
    file_name  varchar(255) not null,
    quote      text,
    position   integer not null,
    created_at timestamptz not null default now(),
    constraint citations_file_fkey foreign key (user_id, file_id)
        references user_files (user_id, id) on delete set null (file_id)
);
create index citations_message_idx on citations (message_id, position);
create index citations_file_idx on citations (user_id, file_id);

alter table responses enable row level security;
alter table responses force row level security;
alter table response_events enable row level security;
alter table response_events force row level security;
alter table message_files enable row level security;
alter table message_files force row level security;
alter table citations enable row level security;
alter table citations force row level security;

-- Identity of a worker: the person whose reply it holds a live lease on, and nobody else.
grant select (id, user_id, lease_owner, lease_epoch, lease_until) on responses to ignacio_definer;
create policy responses_definer_select on responses for select to ignacio_definer using (true);
grant create on schema app to ignacio_definer;
set local role ignacio_definer;
create function app.leased_user_id() returns uuid
    language plpgsql stable security definer set search_path = '' as $$
begin
    return (
        select r.user_id
          from public.responses r
         where r.id = nullif(pg_catalog.current_setting('app.lease_response', true), '')::uuid
           and r.lease_owner = nullif(pg_catalog.current_setting('app.lease_owner', true), '')::uuid
           and r.lease_epoch = nullif(pg_catalog.current_setting('app.lease_epoch', true), '')::bigint
           and r.lease_until > pg_catalog.now());
end $$;
-- Acts, for this transaction, for the person whose reply is leased; null where it is not.
create function app.act_for(p_response uuid, p_owner uuid, p_epoch bigint) returns uuid
    language plpgsql volatile security definer set search_path = '' as $$
begin
    perform pg_catalog.set_config('app.lease_response', p_response::text, true);
    perform pg_catalog.set_config('app.lease_owner', p_owner::text, true);
    perform pg_catalog.set_config('app.lease_epoch', p_epoch::text, true);
    return app.leased_user_id();
end $$;
revoke all on function app.leased_user_id(), app.act_for(uuid, uuid, bigint) from public;
grant execute on function app.leased_user_id(), app.act_for(uuid, uuid, bigint) to ignacio_worker;
set local role ignacio_owner;
revoke create on schema app from ignacio_definer;

-- responses
grant select on responses to ignacio_api;
grant insert (id, user_id, conversation_id, message_id) on responses to ignacio_api;
create policy responses_api_select on responses
    for select to ignacio_api using (user_id = (select app.current_user_id()));
create policy responses_api_insert on responses
    for insert to ignacio_api
    with check (
        user_id = (select app.current_user_id())
        and exists (
            select 1 from messages m
             where m.id = message_id
               and m.user_id = responses.user_id
               and m.conversation_id = responses.conversation_id
               and not m.is_from_user));
grant update (cancel_requested_at) on responses to ignacio_api;
create policy responses_api_update on responses
    for update to ignacio_api using (user_id = (select app.current_user_id()))
    with check (user_id = (select app.current_user_id()));
grant select on responses to ignacio_worker;
grant update (state, failure, incomplete_reason, model, instructions_version, provider_response_id,
    provider_cursor, input_tokens, cached_tokens, output_tokens, reasoning_tokens, attempts,
    next_attempt_at, lease_owner, lease_until, lease_epoch, started_at, finished_at)
    on responses to ignacio_worker;
create policy responses_worker_select on responses for select to ignacio_worker using (true);
create policy responses_worker_update on responses
    for update to ignacio_worker using (true) with check (true);

-- response_events
grant select on response_events to ignacio_api;
create policy response_events_api_select on response_events
    for select to ignacio_api using (user_id = (select app.current_user_id()));
grant select, insert on response_events to ignacio_worker;
create policy response_events_worker_select on response_events
    for select to ignacio_worker using (user_id = (select app.leased_user_id()));
create policy response_events_worker_insert on response_events
    for insert to ignacio_worker with check (user_id = (select app.leased_user_id()));

-- message_files
grant select, insert on message_files to ignacio_api;
create policy message_files_api_select on message_files
    for select to ignacio_api using (user_id = (select app.current_user_id()));
create policy message_files_api_insert on message_files
    for insert to ignacio_api
    with check (
        user_id = (select app.current_user_id())
        and exists (
            select 1 from messages m
             where m.id = message_id and m.user_id = message_files.user_id and m.is_from_user));
grant select on message_files to ignacio_worker;
create policy message_files_worker_select on message_files
    for select to ignacio_worker using (user_id = (select app.leased_user_id()));

-- citations
grant select on citations to ignacio_api;
create policy citations_api_select on citations
    for select to ignacio_api using (user_id = (select app.current_user_id()));
grant select, insert on citations to ignacio_worker;
create policy citations_worker_select on citations
    for select to ignacio_worker using (user_id = (select app.leased_user_id()));
create policy citations_worker_insert on citations
    for insert to ignacio_worker with check (user_id = (select app.leased_user_id()));

-- What a worker needs of the person whose reply it writes.
grant select (id, phone_number, name, is_admin, locale, created_at, updated_at)
    on users to ignacio_worker;
create policy users_worker_select on users
    for select to ignacio_worker using (id = (select app.leased_user_id()));
grant select on messages to ignacio_worker;
grant update (content, status) on messages to ignacio_worker;
create policy messages_worker_select on messages
    for select to ignacio_worker using (user_id = (select app.leased_user_id()));
create policy messages_worker_update on messages
    for update to ignacio_worker
    using (user_id = (select app.leased_user_id()) and not is_from_user)
    with check (user_id = (select app.leased_user_id()) and not is_from_user);
