-- What is done beside a reply: naming its conversation, summing up what falls out of the model's
-- sight, looking quotes up. A chore is a job of one person's, leased like a reply.
create table chores (
    id              uuid primary key default gen_random_uuid(),
    user_id         uuid not null,
    conversation_id uuid not null,
    kind            text not null
        constraint chores_kind_check check (kind in ('title', 'summary', 'quotes')),
    -- The reply whose quotes are looked up.
    message_id      uuid,
    attempts        integer not null default 0,
    next_attempt_at timestamptz not null default now(),
    lease_owner     uuid,
    lease_until     timestamptz,
    lease_epoch     bigint not null default 0,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    constraint chores_conversation_fkey foreign key (user_id, conversation_id)
        references conversations (user_id, id) on delete cascade,
    constraint chores_once_key unique nulls not distinct (conversation_id, kind, message_id)
);
create index chores_conversation_idx on chores (user_id, conversation_id);
create index chores_due_idx on chores (next_attempt_at);
create trigger chores_updated_at before update on chores
    for each row execute function app.set_updated_at();

-- What the oldest part of a conversation said, in the model's words.
create table conversation_summaries (
    conversation_id uuid primary key,
    user_id         uuid not null,
    content         text not null,
    -- The last message that it tells of, by its place in the conversation.
    until_at        timestamptz not null,
    until_id        uuid not null,
    n_messages      bigint not null,
    model           text not null,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    constraint conversation_summaries_conversation_fkey foreign key (user_id, conversation_id)
        references conversations (user_id, id) on delete cascade
);
create index conversation_summaries_user_idx on conversation_summaries (user_id, conversation_id);
create trigger conversation_summaries_updated_at before update on conversation_summaries
    for each row execute function app.set_updated_at();

alter table responses
    add column tools         text[] not null default '{}',
    add column first_text_at timestamptz;
grant insert (model) on responses to ignacio_api;
grant update (tools, first_text_at) on responses to ignacio_worker;

-- Whether the web may be searched for this person's replies, where the deployment allows it at all.
alter table users add column web_search boolean not null default true;
grant update (web_search) on users to ignacio_api;
grant select (web_search) on users to ignacio_worker, ignacio_auth;

alter table chores enable row level security;
alter table chores force row level security;
alter table conversation_summaries enable row level security;
alter table conversation_summaries force row level security;

grant select (id, user_id, lease_owner, lease_epoch, lease_until) on chores to ignacio_definer;
create policy chores_definer_select on chores for select to ignacio_definer using (true);
grant create on schema app to ignacio_definer;
set local role ignacio_definer;
-- Whose reply or chore a worker holds; the settings say "response" for either.
create or replace function app.leased_user_id() returns uuid
    language plpgsql stable security definer set search_path = '' as $$
declare
    v_job   uuid := nullif(pg_catalog.current_setting('app.lease_response', true), '')::uuid;
    v_owner uuid := nullif(pg_catalog.current_setting('app.lease_owner', true), '')::uuid;
    v_epoch bigint := nullif(pg_catalog.current_setting('app.lease_epoch', true), '')::bigint;
    v_user  uuid;
begin
    if v_job is null then
        return null;
    end if;
    select r.user_id into v_user
      from public.responses r
     where r.id = v_job and r.lease_owner = v_owner and r.lease_epoch = v_epoch
       and r.lease_until > pg_catalog.now();
    if not found then
        select c.user_id into v_user
          from public.chores c
         where c.id = v_job and c.lease_owner = v_owner and c.lease_epoch = v_epoch
           and c.lease_until > pg_catalog.now();
    end if;
    return v_user;
end $$;
set local role ignacio_owner;
revoke create on schema app from ignacio_definer;

grant select, insert (user_id, conversation_id, kind, message_id, next_attempt_at), delete on chores
    to ignacio_worker;
grant update (attempts, next_attempt_at, lease_owner, lease_until, lease_epoch) on chores
    to ignacio_worker;
create policy chores_worker_select on chores
    for select to ignacio_worker
    using (
        (select app.leased_user_id()) is null or user_id = (select app.leased_user_id()));
create policy chores_worker_insert on chores
    for insert to ignacio_worker with check (user_id = (select app.leased_user_id()));
create policy chores_worker_update on chores
    for update to ignacio_worker using (true) with check (true);
create policy chores_worker_delete on chores
    for delete to ignacio_worker using (user_id = (select app.leased_user_id()));

grant select on conversation_summaries to ignacio_api;
create policy conversation_summaries_api_select on conversation_summaries
    for select to ignacio_api using (user_id = (select app.current_user_id()));
grant select on conversation_summaries to ignacio_worker;
grant insert (conversation_id, user_id, content, until_at, until_id, n_messages, model),
    update (content, until_at, until_id, n_messages, model) on conversation_summaries
    to ignacio_worker;
create policy conversation_summaries_worker_select on conversation_summaries
    for select to ignacio_worker using (user_id = (select app.leased_user_id()));
create policy conversation_summaries_worker_insert on conversation_summaries
    for insert to ignacio_worker with check (user_id = (select app.leased_user_id()));
create policy conversation_summaries_worker_update on conversation_summaries
    for update to ignacio_worker using (user_id = (select app.leased_user_id()))
    with check (user_id = (select app.leased_user_id()));

-- A title is given to a conversation that has none.
grant select (id, user_id, title) on conversations to ignacio_worker;
grant update (title) on conversations to ignacio_worker;
create policy conversations_worker_select on conversations
    for select to ignacio_worker using (user_id = (select app.leased_user_id()));
create policy conversations_worker_update on conversations
    for update to ignacio_worker using (user_id = (select app.leased_user_id()) and title is null)
    with check (user_id = (select app.leased_user_id()));
