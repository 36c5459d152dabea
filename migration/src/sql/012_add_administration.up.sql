-- The staff's way in: a role of its own, which sees rows only through a live session of an admin, and
-- somebody's conversations only under a grant and in a transaction that has written the reading down.

-- A look into somebody's conversations: who, whose, why, until when. Nobody changes or removes it.
create table access_grants (
    id         uuid primary key default gen_random_uuid(),
    admin_id   uuid not null references users (id) on delete cascade,
    user_id    uuid not null references users (id) on delete cascade,
    reason     text not null constraint access_grants_reason_check
        check (char_length(reason) between 10 and 500 and reason ~ '\S\s+\S'),
    expires_at timestamptz not null default now() + interval '30 minutes',
    created_at timestamptz not null default now()
);
create index access_grants_admin_idx on access_grants (admin_id, user_id, expires_at desc);
create index access_grants_user_idx on access_grants (user_id);

-- A person who was removed, and how much of theirs went with them. It names them by id only.
create table erasures (
    id              uuid primary key default gen_random_uuid(),
    person_id       uuid not null,
    admin_id        uuid not null,
    n_conversations bigint not null,
    n_messages      bigint not null,
    n_files         bigint not null,
    created_at      timestamptz not null default now()
);
-- What of it still has to go elsewhere is this erasure's.
alter table purge_queue add column erasure_id uuid references erasures (id) on delete set null;
create index purge_queue_erasure_idx on purge_queue (erasure_id);

create index users_page_idx on users (created_at desc, id desc);

alter table access_grants enable row level security;
alter table access_grants force row level security;
alter table erasures enable row level security;
alter table erasures force row level security;

grant select (admin_id, user_id, reason, expires_at, created_at) on access_grants
    to ignacio_definer;
create policy access_grants_definer_select on access_grants
    for select to ignacio_definer using (true);
grant insert on erasures to ignacio_definer;
create policy erasures_definer_insert on erasures
    for insert to ignacio_definer with check (true);
grant delete on users to ignacio_definer;
create policy users_definer_delete on users for delete to ignacio_definer using (true);
grant select (user_id, deleted_at, uploaded_at) on user_files to ignacio_definer;
create policy user_files_definer_select on user_files for select to ignacio_definer using (true);
grant select, update (erasure_id) on purge_queue to ignacio_definer;
create policy purge_queue_definer_select on purge_queue
    for select to ignacio_definer using (true);
create policy purge_queue_definer_update on purge_queue
    for update to ignacio_definer using (erasure_id is null) with check (true);

grant create on schema app to ignacio_definer;
set local role ignacio_definer;

create function app.is_admin() returns boolean
    language plpgsql stable security definer set search_path = '' as $$
begin
    return coalesce(
        (select u.is_admin and u.is_active from public.users u where u.id = app.current_user_id()),
        false);
end $$;

-- Writes down that an admin looked at what needs no grant.
create function app.note_read(p_action text, p_subject uuid, p_rows bigint) returns void
    language plpgsql volatile security definer set search_path = '' as $$
begin
    if not app.is_admin() then
        raise exception using errcode = 'IGADM', message = 'not an admin';
    end if;
    if p_action not in ('users.listed', 'user.read', 'files.listed', 'audit.listed') then
        raise insufficient_privilege using message = 'not a reading without a grant';
    end if;
    perform app.audit(p_action, app.current_user_id(), p_subject, null, null,
        pg_catalog.jsonb_build_object('n_rows', p_rows));
end $$;

-- The reading that this transaction wrote down, while its grant lives: whose conversations, and which
-- one; null for the list of them. It cannot be forged: the event must be of this transaction, and
-- the grant of an earlier one, so that the grant is on record whatever becomes of this one.
create function app.reading(out user_id uuid, out conversation_id uuid)
    language plpgsql stable security definer set search_path = '' as $$
begin
    select e.subject_id, e.target_id into user_id, conversation_id
      from public.audit_events e
     where e.id = nullif(pg_catalog.current_setting('app.reading', true), '')::uuid
       and e.xmin = pg_catalog.pg_current_xact_id()::xid
       and e.action in ('conversations.listed', 'messages.listed')
       and e.actor_id = app.current_user_id()
       and app.is_admin()
       and exists (
           select 1 from public.access_grants g
            where g.admin_id = e.actor_id and g.user_id = e.subject_id
              and g.expires_at > pg_catalog.now() and g.created_at < pg_catalog.now());
end $$;

create function app.read_user_id() returns uuid
    language plpgsql stable security definer set search_path = '' as $$
begin
    return (select r.user_id from app.reading() r);
end $$;
create function app.read_conversation_id() returns uuid
    language plpgsql stable security definer set search_path = '' as $$
begin
    return (select r.conversation_id from app.reading() r);
end $$;

create function app.begin_read(p_action text, p_subject uuid, p_target uuid) returns void
    language plpgsql volatile security definer set search_path = '' as $$
declare
    v_admin  uuid := app.current_user_id();
    v_reason text;
begin
    if not app.is_admin() then
        raise exception using errcode = 'IGADM', message = 'not an admin';
    end if;
    select g.reason into v_reason
      from public.access_grants g
     where g.admin_id = v_admin and g.user_id = p_subject
       and g.expires_at > pg_catalog.now() and g.created_at < pg_catalog.now()
     order by g.expires_at desc limit 1;
    if not found then
        raise exception using errcode = 'IG403', message = 'no live grant';
    end if;
    perform pg_catalog.set_config('app.reading',
        app.audit(p_action, v_admin, p_subject, p_target, v_reason, '{}')::text, true);
end $$;

-- Lets this transaction list a person's conversations; IG404 where there is no such person.
create function app.read_conversations_of(p_user uuid) returns void
    language plpgsql volatile security definer set search_path = '' as $$
begin
    perform 1 from public.users u where u.id = p_user;
    if not found and app.is_admin() then
        raise exception using errcode = 'IG404', message = 'no such person';
    end if;
    perform app.begin_read('conversations.listed', p_user, null);
end $$;

-- Lets this transaction show one conversation. Where there is none, the answer is the same as where
-- there is no grant: IG403.
create function app.read_conversation(p_conversation uuid) returns uuid
    language plpgsql volatile security definer set search_path = '' as $$
declare
    v_user uuid;
begin
    select c.user_id into v_user from public.conversations c where c.id = p_conversation;
    perform app.begin_read('messages.listed', v_user, p_conversation);
    return v_user;
end $$;

-- Somebody has to be left who can let others in. The lock lets two who remove each other's rights
-- go one after the other.
create function app.keep_an_admin() returns trigger
    language plpgsql security definer set search_path = '' as $$
begin
    perform pg_catalog.pg_advisory_xact_lock(x'1647ac11'::integer);
    perform 1 from public.users u where u.id <> old.id and u.is_admin and u.is_active;
    if not found then
        raise exception using errcode = 'IG409', message = 'the last active admin';
    end if;
    return case tg_op when 'DELETE' then old else new end;
end $$;

-- Removes a person with all that is theirs, and gives what is kept of it elsewhere a receipt.
create function app.erase_person(p_erasure uuid, p_person uuid) returns void
    language plpgsql volatile security definer set search_path = '' as $$
declare
    v_admin uuid := app.current_user_id();
begin
    if not app.is_admin() then
        raise exception using errcode = 'IGADM', message = 'not an admin';
    end if;
    if p_person = v_admin or p_person = '00000000-0000-0000-0000-000000000000' then
        raise insufficient_privilege using message = 'not for oneself, nor for the temporary user';
    end if;
    insert into public.erasures
        (id, person_id, admin_id, n_conversations, n_messages, n_files)
    select p_erasure, p_person, v_admin, count(*), coalesce(sum(c.message_count), 0),
           (select count(*) from public.user_files f
             where f.user_id = p_person and f.uploaded_at is not null and f.deleted_at is null)
      from public.conversations c where c.user_id = p_person;
    delete from public.users u where u.id = p_person;
    if not found then
        raise exception using errcode = 'IG404', message = 'no such person';
    end if;
    -- The triggers of this very statement have queued what lies elsewhere.
    update public.purge_queue q set erasure_id = p_erasure
     where q.erasure_id is null and q.xmin = pg_catalog.pg_current_xact_id()::xid;
end $$;

revoke all on function app.is_admin(), app.note_read(text, uuid, bigint), app.reading(),
    app.read_user_id(), app.read_conversation_id(),
    app.begin_read(text, uuid, uuid), app.read_conversations_of(uuid), app.read_conversation(uuid),
    app.keep_an_admin(), app.erase_person(uuid, uuid) from public;
grant execute on function app.is_admin(), app.note_read(text, uuid, bigint),
    app.read_user_id(), app.read_conversation_id(),
    app.read_conversations_of(uuid), app.read_conversation(uuid),
    app.erase_person(uuid, uuid) to ignacio_admin;
grant execute on function app.keep_an_admin() to ignacio_owner;
set local role ignacio_owner;
revoke create on schema app from ignacio_definer;

create trigger users_keep_admin_update before update of is_admin, is_active on users
    for each row when (old.is_admin and old.is_active and not (new.is_admin and new.is_active))
    execute function app.keep_an_admin();
create trigger users_keep_admin_delete before delete on users
    for each row when (old.is_admin and old.is_active)
    execute function app.keep_an_admin();

-- users: everybody but oneself and the temporary user may be changed
grant select on users to ignacio_admin;
grant insert (id, phone_number, name, is_admin, locale) on users to ignacio_admin;
grant update (phone_number, name, is_admin, is_active, locale) on users to ignacio_admin;
create policy users_admin_select on users
    for select to ignacio_admin using ((select app.is_admin()));
create policy users_admin_insert on users
    for insert to ignacio_admin with check ((select app.is_admin()));
create policy users_admin_update on users
    for update to ignacio_admin
    using (
        (select app.is_admin()) and id <> (select app.current_user_id())
        and id <> '00000000-0000-0000-0000-000000000000')
    with check (
        (select app.is_admin()) and id <> (select app.current_user_id())
        and id <> '00000000-0000-0000-0000-000000000000');

-- sessions: seen and ended, never their digests
grant select (id, user_id, device_name, expires_at, idle_expires_at, last_used_at, revoked_at,
    created_at, updated_at) on user_sessions to ignacio_admin;
grant update (revoked_at) on user_sessions to ignacio_admin;
create policy user_sessions_admin_select on user_sessions
    for select to ignacio_admin using ((select app.is_admin()));
create policy user_sessions_admin_update on user_sessions
    for update to ignacio_admin using ((select app.is_admin()))
    with check ((select app.is_admin()));

-- files: what they are called and how their sync stands, not where they lie
grant select (id, user_id, conversation_id, file_name, file_type, file_size, content_sha256,
    openai_sync_status, sync_attempts, sync_error, synced_at, uploaded_at, deleted_at, created_at,
    updated_at) on user_files to ignacio_admin;
create policy user_files_admin_select on user_files
    for select to ignacio_admin using ((select app.is_admin()));

-- conversations and what is in them: only while a reading is written down
grant select on conversations, messages to ignacio_admin;
grant select (id, user_id, message_id) on responses to ignacio_admin;
grant select on message_files, citations to ignacio_admin;
grant select on app.whole_messages to ignacio_admin;
create policy conversations_admin_select on conversations
    for select to ignacio_admin
    using (
        user_id = (select app.read_user_id())
        and id = coalesce((select app.read_conversation_id()), id));
create policy messages_admin_select on messages
    for select to ignacio_admin
    using (
        user_id = (select app.read_user_id())
        and conversation_id = (select app.read_conversation_id()));
-- What hangs on a message shows with the message. The offset keeps the planner from gathering all
-- the conversation's first.
create policy responses_admin_select on responses
    for select to ignacio_admin
    using (
        user_id = (select app.read_user_id())
        and exists (select 1 from messages m where m.id = message_id offset 0));
create policy message_files_admin_select on message_files
    for select to ignacio_admin
    using (
        user_id = (select app.read_user_id())
        and exists (select 1 from messages m where m.id = message_id offset 0));
create policy citations_admin_select on citations
    for select to ignacio_admin
    using (
        user_id = (select app.read_user_id())
        and exists (select 1 from messages m where m.id = message_id offset 0));

-- grants: in one's own name, for half an hour from now
grant select on access_grants to ignacio_admin;
grant insert (id, admin_id, user_id, reason) on access_grants to ignacio_admin;
create policy access_grants_admin_select on access_grants
    for select to ignacio_admin using ((select app.is_admin()));
create policy access_grants_admin_insert on access_grants
    for insert to ignacio_admin
    with check ((select app.is_admin()) and admin_id = (select app.current_user_id()));

-- receipts and the audit: read only
grant select on erasures, audit_events to ignacio_admin;
grant select (id, kind, erasure_id) on purge_queue to ignacio_admin;
create policy erasures_admin_select on erasures
    for select to ignacio_admin using ((select app.is_admin()));
create policy purge_queue_admin_select on purge_queue
    for select to ignacio_admin
    using ((select app.is_admin()) and erasure_id is not null);
create policy audit_events_admin_select on audit_events
    for select to ignacio_admin using ((select app.is_admin()));

grant create on schema app to ignacio_definer;
set local role ignacio_definer;
create function app.audit_grant() returns trigger
    language plpgsql security definer set search_path = '' as $$
begin
    perform app.audit('grant.created', new.admin_id, new.user_id, new.id, new.reason,
        pg_catalog.jsonb_build_object('expires_at', new.expires_at));
    return null;
end $$;
revoke all on function app.audit_grant() from public;
grant execute on function app.audit_grant() to ignacio_owner;
set local role ignacio_owner;
revoke create on schema app from ignacio_definer;
create trigger access_grants_audit after insert on access_grants
    for each row execute function app.audit_grant();

-- Whoever answers a number can log in with it, so a number is not for the staff to change: only one
-- that an older system left unreadable (`+0…`) is replaced, once.
create function app.keep_number() returns trigger
    language plpgsql set search_path = '' as $$
begin
    raise exception using
        errcode = 'check_violation', constraint = 'users_phone_number_fixed',
        message = 'a number stays with its account';
end $$;
revoke all on function app.keep_number() from public;
create trigger users_keep_number before update of phone_number on users
    for each row when (
        new.phone_number <> old.phone_number and not starts_with(old.phone_number, '+0'))
    execute function app.keep_number();

-- A worker that acts for somebody sees nobody else's, also where its jobs let it see everybody's.
drop policy user_files_worker_select on user_files;
create policy user_files_worker_select on user_files
    for select to ignacio_worker
    using (
        (select app.leased_user_id()) is null or user_id = (select app.leased_user_id()));
drop policy user_vector_stores_worker_select on user_vector_stores;
create policy user_vector_stores_worker_select on user_vector_stores
    for select to ignacio_worker
    using (
        (select app.leased_user_id()) is null or user_id = (select app.leased_user_id()));
drop policy responses_worker_select on responses;
create policy responses_worker_select on responses
    for select to ignacio_worker
    using (
        (select app.leased_user_id()) is null or user_id = (select app.leased_user_id()));
