-- What was done, by whom, and to whose data. Events are only ever added, by definer functions and
-- triggers alone; each carries the hash of the one before it, so that a changed, missing or added
-- row shows (`ignacio audit verify`). No foreign keys: an event outlives whom it names.
create table audit_events (
    id         uuid primary key default gen_random_uuid(),
    seq        bigint not null constraint audit_events_seq_key unique
        constraint audit_events_seq_check check (seq > 0),
    -- Null is the system itself: a tool, a worker, a login that ends an older session.
    actor_id   uuid,
    actor_name varchar(255),
    actor_role text not null
        constraint audit_events_actor_role_check
        check (actor_role in ('participant', 'admin', 'system')),
    action     text not null
        constraint audit_events_action_check check (action in (
            'session.opened', 'session.ended',
            'user.created', 'user.changed', 'user.deleted', 'user.read', 'users.listed',
            'conversation.deleted', 'conversations.listed', 'messages.listed',
            'file.deleted', 'files.listed',
            'grant.created', 'audit.listed')),
    -- Whose data it was about.
    subject_id uuid,
    -- The session, conversation, file or grant.
    target_id  uuid,
    reason     text,
    detail     jsonb not null default '{}',
    prev_hash  bytea not null,
    hash       bytea not null,
    created_at timestamptz not null
);
create index audit_events_page_idx on audit_events (created_at desc, id desc);
create index audit_events_actor_idx on audit_events (actor_id, created_at desc, id desc);
create index audit_events_subject_idx on audit_events (subject_id, created_at desc, id desc);

-- The end of the chain, in one row: its lock puts the events in order, and it shows when the last
-- ones were cut off.
create table audit_heads (
    id         uuid primary key default '00000000-0000-0000-0000-000000000000'
        constraint audit_heads_single_check check (id = '00000000-0000-0000-0000-000000000000'),
    seq        bigint not null,
    hash       bytea not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create trigger audit_heads_updated_at before update on audit_heads
    for each row execute function app.set_updated_at();
insert into audit_heads (seq, hash) values (0, decode(repeat('00', 32), 'hex'));

alter table audit_events enable row level security;
alter table audit_events force row level security;
alter table audit_heads enable row level security;
alter table audit_heads force row level security;
grant select, insert on audit_events to ignacio_definer;
grant select on audit_heads to ignacio_definer;
grant update (seq, hash) on audit_heads to ignacio_definer;
grant select (name) on users to ignacio_definer;
create policy audit_events_definer_select on audit_events
    for select to ignacio_definer using (true);
create policy audit_events_definer_insert on audit_events
    for insert to ignacio_definer with check (true);
create policy audit_heads_definer_select on audit_heads
    for select to ignacio_definer using (true);
create policy audit_heads_definer_update on audit_heads
    for update to ignacio_definer using (true) with check (true);

grant create on schema app to ignacio_definer;
set local role ignacio_definer;

-- Adds one event. It locks the end of the chain until the transaction ends, so a transaction takes
-- the rows that it changes first, in the statement whose trigger comes here: then nobody waits for
-- a row while holding the chain.
create function app.audit(
    p_action text, p_actor uuid, p_subject uuid, p_target uuid, p_reason text, p_detail jsonb
) returns uuid
    language plpgsql volatile security definer set search_path = '' as $$
declare
    v_id    uuid := pg_catalog.gen_random_uuid();
    v_at    timestamptz;
    v_seq   bigint;
    v_prev  bytea;
    v_name  text;
    v_role  text;
    v_hash  bytea;
begin
    select u.name, case when u.is_admin then 'admin' else 'participant' end
      into v_name, v_role
      from public.users u where u.id = p_actor;
    if not found then
        v_role := case when p_actor is null then 'system' else 'participant' end;
    end if;
    select h.seq + 1, h.hash into strict v_seq, v_prev from public.audit_heads h for update;
    v_at := pg_catalog.clock_timestamp();
    -- `ignacio audit verify` computes the same by itself (owner_db/audit.rs in ignacio-persistence).
    v_hash := pg_catalog.sha256(v_prev || pg_catalog.convert_to(
        pg_catalog.jsonb_build_array(
            v_seq, v_id, (extract(epoch from v_at) * 1000000)::bigint, p_actor, v_name, v_role,
            p_action, p_subject, p_target, p_reason, p_detail)::text,
        'UTF8'));
    insert into public.audit_events
        (id, seq, actor_id, actor_name, actor_role, action, subject_id, target_id, reason, detail,
         prev_hash, hash, created_at)
    values (v_id, v_seq, p_actor, v_name, v_role, p_action, p_subject, p_target, p_reason, p_detail,
         v_prev, v_hash, v_at);
    update public.audit_heads set seq = v_seq, hash = v_hash;
    return v_id;
end $$;

-- Who acts: the owner of the session that this transaction was entered with, also when this very
-- transaction has just ended it. A statement can change the setting before its triggers run, so
-- requests leave a name in any case, and the staff's role the name of an admin.
create function app.audit_actor() returns uuid
    language plpgsql stable security definer set search_path = '' as $$
declare
    v_actor  uuid;
    v_is_admin boolean;
begin
    select s.user_id, u.is_admin and u.is_active into v_actor, v_is_admin
      from public.user_sessions s
      join public.users u on u.id = s.user_id
     where s.token_hash = pg_catalog.decode(
               nullif(pg_catalog.current_setting('app.session', true), ''), 'hex');
    if session_user = 'ignacio_admin' and v_is_admin is distinct from true
        or session_user = 'ignacio_api' and v_actor is null then
        raise exception using errcode = 'IGADM', message = 'nobody does this without a name';
    end if;
    return v_actor;
end $$;

create function app.audit_session() returns trigger
    language plpgsql security definer set search_path = '' as $$
begin
    if tg_op = 'INSERT' then
        perform app.audit('session.opened', new.user_id, new.user_id, new.id, null, '{}');
    else
        perform app.audit('session.ended', app.audit_actor(), new.user_id, new.id, null, '{}');
    end if;
    return null;
end $$;

-- What people change about themselves, on the request role, is their own business. Of values, only
-- the flags are kept.
create function app.audit_user() returns trigger
    language plpgsql security definer set search_path = '' as $$
declare
    v_actor   uuid := app.audit_actor();
    v_changed text[];
begin
    if tg_op = 'INSERT' then
        perform app.audit('user.created', v_actor, new.id, null, null,
            pg_catalog.jsonb_build_object('is_admin', new.is_admin));
    elsif tg_op = 'DELETE' then
        perform app.audit('user.deleted', v_actor, old.id, null, null, '{}');
    elsif session_user = 'ignacio_admin' and v_actor = new.id then
        -- No policy lets the staff change themselves: the name was put there afterwards.
        raise exception using errcode = 'IGADM', message = 'nobody does this without a name';
    elsif session_user <> 'ignacio_api' then
        v_changed := pg_catalog.array_remove(array[
            case when new.name is distinct from old.name then 'name' end,
            case when new.phone_number is distinct from old.phone_number then 'phone' end,
            case when new.locale is distinct from old.locale then 'locale' end,
            case when new.is_admin is distinct from old.is_admin then 'is_admin' end,
            case when new.is_active is distinct from old.is_active then 'is_active' end], null);
        if pg_catalog.cardinality(v_changed) > 0 then
            perform app.audit('user.changed', v_actor, new.id, null, null,
                pg_catalog.jsonb_build_object('changed', pg_catalog.to_jsonb(v_changed),
                    'is_admin', new.is_admin, 'is_active', new.is_active));
        end if;
    end if;
    return null;
end $$;

-- When the whole person goes, one event says so, not one for each conversation.
create function app.audit_conversation() returns trigger
    language plpgsql security definer set search_path = '' as $$
begin
    perform 1 from public.users u where u.id = old.user_id;
    if found then
        perform app.audit('conversation.deleted', app.audit_actor(), old.user_id, old.id, null, '{}');
    end if;
    return null;
end $$;

create function app.audit_file() returns trigger
    language plpgsql security definer set search_path = '' as $$
begin
    perform app.audit('file.deleted', app.audit_actor(), new.user_id, new.id, null, '{}');
    return null;
end $$;

revoke all on function app.audit(text, uuid, uuid, uuid, text, jsonb), app.audit_actor(),
    app.audit_session(), app.audit_user(), app.audit_conversation(), app.audit_file() from public;
grant execute on function app.audit_session(), app.audit_user(), app.audit_conversation(),
    app.audit_file() to ignacio_owner;
set local role ignacio_owner;
revoke create on schema app from ignacio_definer;

-- A session that has ended stays so.
create function app.keep_ended() returns trigger
    language plpgsql set search_path = '' as $$
begin
    raise exception using
        errcode = 'check_violation', constraint = 'user_sessions_stay_ended',
        message = 'a session that has ended stays so';
end $$;
revoke all on function app.keep_ended() from public;
create trigger user_sessions_stay_ended before update of revoked_at on user_sessions
    for each row when (
        old.revoked_at is not null and new.revoked_at is distinct from old.revoked_at)
    execute function app.keep_ended();

create trigger user_sessions_audit_insert after insert on user_sessions
    for each row execute function app.audit_session();
create trigger user_sessions_audit_update after update of revoked_at on user_sessions
    for each row when (old.revoked_at is null and new.revoked_at is not null)
    execute function app.audit_session();
create trigger users_audit after insert or update or delete on users
    for each row execute function app.audit_user();
create trigger conversations_audit after delete on conversations
    for each row execute function app.audit_conversation();
create trigger user_files_audit after update of deleted_at on user_files
    for each row when (
        old.deleted_at is null and new.deleted_at is not null and new.uploaded_at is not null)
    execute function app.audit_file();

-- People see what the staff did with their data.
grant select (id, actor_name, actor_role, action, target_id, reason, created_at)
    on audit_events to ignacio_api;
create policy audit_events_api_select on audit_events
    for select to ignacio_api
    using (
        subject_id = (select app.current_user_id())
        and actor_role = 'admin' and actor_id <> subject_id);
