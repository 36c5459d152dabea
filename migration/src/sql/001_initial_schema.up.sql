-- People, conversations, messages, sessions and one-time codes, each with the policies that keep
-- one person's rows apart from another's. Table and column names are those of the log.
create schema if not exists app;
grant usage on schema app to ignacio_api, ignacio_auth, ignacio_worker, ignacio_admin, ignacio_definer;

create table if not exists users (
    id           uuid primary key default gen_random_uuid(),
    phone_number varchar(20) not null unique,
    name         varchar(255) not null,
    is_admin     boolean not null default false,
    is_active    boolean not null default true,
    created_at   timestamptz not null default now(),
    updated_at   timestamptz not null default now()
);

create table if not exists conversations (
    id         uuid primary key default gen_random_uuid(),
    user_id    uuid not null references users (id) on delete cascade,
    title      varchar(255),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    -- What children refer to, so that a child cannot hang on somebody else's parent.
    constraint conversations_owner_key unique (user_id, id)
);

create table if not exists messages (
    id              uuid primary key default gen_random_uuid(),
    conversation_id uuid not null,
    user_id         uuid not null,
    content         text not null,
    message_type    text not null default 'text'
        constraint messages_message_type_check
        check (message_type in ('text', 'image', 'audio', 'video', 'document')),
    is_from_user    boolean not null,
    -- The clock and not the transaction's start, so that a reply made in the same transaction
    -- comes after its question.
    created_at      timestamptz not null default clock_timestamp(),
    updated_at      timestamptz not null default now(),
    constraint messages_conversation_fkey foreign key (user_id, conversation_id)
        references conversations (user_id, id) on delete cascade
);
-- The one index of messages: it serves the page, the cascade and the policy alike. A second one on
-- user_id alone would tempt the planner to intersect both.
create index if not exists messages_page_idx
    on messages (user_id, conversation_id, created_at desc, id desc);

create table if not exists user_sessions (
    id              uuid primary key default gen_random_uuid(),
    user_id         uuid not null references users (id) on delete cascade,
    token_hash      bytea not null unique,
    device_name     varchar(120),
    expires_at      timestamptz not null,
    idle_expires_at timestamptz not null,
    last_used_at    timestamptz not null default now(),
    revoked_at      timestamptz,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now()
);
create index if not exists user_sessions_user_idx on user_sessions (user_id, created_at desc);

create table if not exists otp_codes (
    id           uuid primary key default gen_random_uuid(),
    -- Null is a decoy: nobody to send a code to, but the same row and the same work.
    user_id      uuid references users (id) on delete cascade,
    phone_number varchar(20) not null,
    -- Null until the code is made, which is when it is sent.
    code_hash    bytea,
    attempts     smallint not null default 0,
    expires_at   timestamptz not null,
    sent_at      timestamptz,
    used_at      timestamptz,
    created_at   timestamptz not null default now(),
    updated_at   timestamptz not null default now()
);
create index if not exists otp_codes_phone_idx on otp_codes (phone_number, created_at desc);
create index if not exists otp_codes_user_idx on otp_codes (user_id);

create function app.set_updated_at() returns trigger
    language plpgsql set search_path = '' as $$
begin
    new.updated_at := pg_catalog.now();
    return new;
end $$;
create trigger users_updated_at before update on users
    for each row execute function app.set_updated_at();
-- Only what the owner changes counts as a change of a conversation, not each new message.
create trigger conversations_updated_at before update of title on conversations
    for each row execute function app.set_updated_at();
create trigger messages_updated_at before update on messages
    for each row execute function app.set_updated_at();
create trigger user_sessions_updated_at before update on user_sessions
    for each row execute function app.set_updated_at();
create trigger otp_codes_updated_at before update on otp_codes
    for each row execute function app.set_updated_at();

alter table users enable row level security;
alter table users force row level security;
alter table conversations enable row level security;
alter table conversations force row level security;
alter table messages enable row level security;
alter table messages force row level security;
alter table user_sessions enable row level security;
alter table user_sessions force row level security;
alter table otp_codes enable row level security;
alter table otp_codes force row level security;

-- Identity. A request proves its session inside its own transaction; from then on the database
-- itself looks up whose it is, by the digest, so that no statement can choose a person.
grant select (id, is_admin, is_active) on users to ignacio_definer;
grant select on user_sessions to ignacio_definer;
grant update (last_used_at, idle_expires_at, updated_at) on user_sessions to ignacio_definer;
create policy users_definer_select on users for select to ignacio_definer using (true);
create policy user_sessions_definer_select on user_sessions
    for select to ignacio_definer using (true);
create policy user_sessions_definer_update on user_sessions
    for update to ignacio_definer using (true) with check (true);

grant create on schema app to ignacio_definer;
set local role ignacio_definer;

-- In plpgsql, because that keeps the plan: the same in SQL is planned anew for each statement, which
-- made a page of messages five times as dear.
create function app.current_user_id() returns uuid
    language plpgsql stable security definer set search_path = '' as $$
begin
    return (
        select s.user_id
          from public.user_sessions s
          join public.users u on u.id = s.user_id
         where s.token_hash = pg_catalog.decode(
                   nullif(pg_catalog.current_setting('app.session', true), ''), 'hex')
           and s.revoked_at is null
           and s.expires_at > pg_catalog.now()
           and s.idle_expires_at > pg_catalog.now()
           and u.is_active);
end $$;

-- Enters a transaction as the person whose live session has this digest; IG401 where there is
-- none. The idle limit (7 days, 30 minutes for admins) moves on at most every five minutes.
create function app.enter(
    p_digest bytea, out user_id uuid, out session_id uuid, out is_admin boolean
)
    language plpgsql volatile security definer set search_path = '' as $$
declare
    v_last_used timestamptz;
begin
    select s.user_id, s.id, u.is_admin, s.last_used_at
      into user_id, session_id, is_admin, v_last_used
      from public.user_sessions s
      join public.users u on u.id = s.user_id
     where s.token_hash = p_digest
       and s.revoked_at is null
       and s.expires_at > pg_catalog.now()
       and s.idle_expires_at > pg_catalog.now()
       and u.is_active;
    if not found then
        raise exception using errcode = 'IG401', message = 'no live session';
    end if;
    perform pg_catalog.set_config('app.session', pg_catalog.encode(p_digest, 'hex'), true);
    if v_last_used < pg_catalog.now() - interval '5 minutes' then
        update public.user_sessions s
           set last_used_at = pg_catalog.now(),
               idle_expires_at = pg_catalog.now()
                   + case when is_admin then interval '30 minutes' else interval '7 days' end
         where s.id = session_id;
    end if;
end $$;

revoke all on function app.current_user_id(), app.enter(bytea) from public;
grant execute on function app.current_user_id() to ignacio_api, ignacio_admin;
grant execute on function app.enter(bytea) to ignacio_api, ignacio_admin;
set local role ignacio_owner;
revoke create on schema app from ignacio_definer;

-- users
grant select on users to ignacio_api;
grant update (name) on users to ignacio_api;
grant select (id, phone_number, name, is_active, is_admin, created_at, updated_at) on users
    to ignacio_auth;
grant select, insert on users to ignacio_seeder;
create policy users_api_select on users
    for select to ignacio_api using (id = (select app.current_user_id()));
create policy users_api_update on users
    for update to ignacio_api using (id = (select app.current_user_id()))
    with check (id = (select app.current_user_id()));
create policy users_auth_select on users for select to ignacio_auth using (true);
create policy users_seeder_select on users for select to ignacio_seeder using (true);
create policy users_seeder_insert on users for insert to ignacio_seeder with check (true);

-- conversations
grant select, delete on conversations to ignacio_api;
grant insert (id, user_id, title) on conversations to ignacio_api;
grant update (title) on conversations to ignacio_api;
create policy conversations_api_select on conversations
    for select to ignacio_api using (user_id = (select app.current_user_id()));
create policy conversations_api_insert on conversations
    for insert to ignacio_api with check (user_id = (select app.current_user_id()));
create policy conversations_api_update on conversations
    for update to ignacio_api using (user_id = (select app.current_user_id()))
    with check (user_id = (select app.current_user_id()));
create policy conversations_api_delete on conversations
    for delete to ignacio_api using (user_id = (select app.current_user_id()));

-- messages: written by their owner, removed only with their conversation
grant select on messages to ignacio_api;
grant insert (id, conversation_id, user_id, content, message_type, is_from_user) on messages
    to ignacio_api;
create policy messages_api_select on messages
    for select to ignacio_api using (user_id = (select app.current_user_id()));
create policy messages_api_insert on messages
    for insert to ignacio_api with check (user_id = (select app.current_user_id()));

-- sessions: the request path sees its own, without the digest
grant select (id, user_id, device_name, expires_at, idle_expires_at, last_used_at, revoked_at,
    created_at, updated_at) on user_sessions to ignacio_api;
grant update (revoked_at) on user_sessions to ignacio_api;
grant select, insert on user_sessions to ignacio_auth;
grant update (revoked_at) on user_sessions to ignacio_auth;
grant select, delete on user_sessions to ignacio_worker;
create policy user_sessions_api_select on user_sessions
    for select to ignacio_api using (user_id = (select app.current_user_id()));
create policy user_sessions_api_update on user_sessions
    for update to ignacio_api using (user_id = (select app.current_user_id()))
    with check (user_id = (select app.current_user_id()));
create policy user_sessions_auth_select on user_sessions
    for select to ignacio_auth using (true);
-- The temporary user never gets a session, whatever the code above believes.
create policy user_sessions_auth_insert on user_sessions
    for insert to ignacio_auth with check (user_id <> '00000000-0000-0000-0000-000000000000');
create policy user_sessions_auth_update on user_sessions
    for update to ignacio_auth using (true) with check (true);
create policy user_sessions_worker_select on user_sessions
    for select to ignacio_worker using (expires_at < now() - interval '7 days');
create policy user_sessions_worker_delete on user_sessions
    for delete to ignacio_worker using (expires_at < now() - interval '7 days');

-- one-time codes: nothing for the request path
grant select, insert on otp_codes to ignacio_auth;
grant update (code_hash, attempts, sent_at, used_at) on otp_codes to ignacio_auth;
grant select, delete on otp_codes to ignacio_worker;
create policy otp_codes_auth_select on otp_codes for select to ignacio_auth using (true);
create policy otp_codes_auth_insert on otp_codes
    for insert to ignacio_auth
    with check (attempts = 0 and used_at is null and code_hash is null);
create policy otp_codes_auth_update on otp_codes
    for update to ignacio_auth using (true) with check (true);
create policy otp_codes_worker_select on otp_codes
    for select to ignacio_worker using (expires_at < now() - interval '24 hours');
create policy otp_codes_worker_delete on otp_codes
    for delete to ignacio_worker using (expires_at < now() - interval '24 hours');
