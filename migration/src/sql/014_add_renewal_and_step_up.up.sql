-- Tokens that change while their session goes on, and acts for which a fresh code is needed.

-- What a session's token was before. One of them is good for a minute more, for requests that are on
-- their way; who shows it later has taken it from somebody, and that ends the session.
create table retired_tokens (
    id         uuid primary key default gen_random_uuid(),
    session_id uuid not null references user_sessions (id) on delete cascade,
    token_hash bytea not null unique,
    -- When it was replaced.
    created_at timestamptz not null default now()
);
create index retired_tokens_session_idx on retired_tokens (session_id);
alter table user_sessions
    add column renewed_at timestamptz,
    -- When a token was shown that had been replaced long before.
    add column reused_at  timestamptz;
grant select (renewed_at) on user_sessions to ignacio_api;

-- Whether the number is on WhatsApp, as far as was seen.
alter table users add column unreachable_at timestamptz;
grant select (unreachable_at), update (unreachable_at) on users to ignacio_auth;
create policy users_auth_update on users for update to ignacio_auth
    using (true) with check (true);

alter table retired_tokens enable row level security;
alter table retired_tokens force row level security;
grant select, insert (session_id, token_hash) on retired_tokens to ignacio_definer;
create policy retired_tokens_definer_select on retired_tokens
    for select to ignacio_definer using (true);
create policy retired_tokens_definer_insert on retired_tokens
    for insert to ignacio_definer with check (true);
grant update (token_hash, renewed_at, revoked_at, reused_at) on user_sessions to ignacio_definer;

alter table audit_events drop constraint audit_events_action_check;
alter table audit_events add constraint audit_events_action_check check (action in (
    'session.opened', 'session.ended', 'session.reused', 'session.verified',
    'user.created', 'user.changed', 'user.deleted', 'user.read', 'users.listed', 'user.unlocked',
    'codes.listed', 'conversation.deleted', 'conversations.listed', 'messages.listed',
    'file.deleted', 'files.listed',
    'grant.created', 'audit.listed'));

grant create on schema app to ignacio_definer;
set local role ignacio_definer;

create or replace function app.current_user_id() returns uuid
    language plpgsql stable security definer set search_path = '' as $$
declare
    v_digest bytea := pg_catalog.decode(
        nullif(pg_catalog.current_setting('app.session', true), ''), 'hex');
    v_user   uuid;
begin
    select s.user_id into v_user
      from public.user_sessions s
      join public.users u on u.id = s.user_id
     where s.token_hash = v_digest
       and s.revoked_at is null
       and s.expires_at > pg_catalog.now()
       and s.idle_expires_at > pg_catalog.now()
       and u.is_active;
    if not found and v_digest is not null then
        select s.user_id into v_user
          from public.retired_tokens t
          join public.user_sessions s on s.id = t.session_id
          join public.users u on u.id = s.user_id
         where t.token_hash = v_digest
           and t.created_at > pg_catalog.now() - interval '60 seconds'
           and s.revoked_at is null
           and s.expires_at > pg_catalog.now()
           and s.idle_expires_at > pg_catalog.now()
           and u.is_active;
    end if;
    return v_user;
end $$;

-- As before, and IGREU for a token that was replaced long ago: its session has to be ended, which
-- this transaction, about to fail, cannot do (`app.end_reused`).
create or replace function app.enter(
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
        select s.user_id, s.id, u.is_admin, s.last_used_at
          into user_id, session_id, is_admin, v_last_used
          from public.retired_tokens t
          join public.user_sessions s on s.id = t.session_id
          join public.users u on u.id = s.user_id
         where t.token_hash = p_digest
           and t.created_at > pg_catalog.now() - interval '60 seconds'
           and s.revoked_at is null
           and s.expires_at > pg_catalog.now()
           and s.idle_expires_at > pg_catalog.now()
           and u.is_active;
        if not found then
            perform 1 from public.retired_tokens t
                      join public.user_sessions s on s.id = t.session_id
              where t.token_hash = p_digest and s.revoked_at is null;
            raise exception using
                errcode = case when found then 'IGREU' else 'IG401' end,
                message = 'no live session';
        end if;
    end if;
    perform pg_catalog.set_config('app.session', pg_catalog.encode(p_digest, 'hex'), true);
    if v_last_used < pg_catalog.now() - interval '5 minutes' then
        update public.user_sessions s
           set last_used_at = pg_catalog.now(),
               idle_expires_at = pg_catalog.now()
                   + case when is_admin then interval '30 minutes' else interval '7 days' end
         where s.id = session_id
           -- Of requests that come at the same moment, one writes.
           and s.last_used_at < pg_catalog.now() - interval '5 minutes';
    end if;
end $$;

-- Ends the session of a token that was replaced more than a minute ago.
create function app.end_reused(p_digest bytea) returns void
    language plpgsql volatile security definer set search_path = '' as $$
begin
    -- The audit asks who acted: whoever holds this token.
    perform pg_catalog.set_config('app.session', pg_catalog.encode(p_digest, 'hex'), true);
    update public.user_sessions s
       set revoked_at = pg_catalog.now(), reused_at = pg_catalog.now()
      from public.retired_tokens t
     where t.token_hash = p_digest
       and t.created_at <= pg_catalog.now() - interval '60 seconds'
       and s.id = t.session_id and s.revoked_at is null;
end $$;

-- Replaces a session's token; gives the digest of the token that is good from now on. That is another
-- one than `p_next` only for a token that is itself not a minute old, and stays: who asks several
-- times, or from several tabs, gets the same each time.
create function app.renew(p_digest bytea, p_next bytea, out token_hash bytea)
    language plpgsql volatile security definer set search_path = '' as $$
declare
    v_session uuid;
    v_renewed timestamptz;
begin
    select e.session_id into v_session from app.enter(p_digest) e;
    select s.token_hash, s.renewed_at into token_hash, v_renewed
      from public.user_sessions s where s.id = v_session for update;
    if token_hash = p_digest
        and coalesce(v_renewed < pg_catalog.clock_timestamp() - interval '60 seconds', true)
    then
        insert into public.retired_tokens (session_id, token_hash) values (v_session, p_digest);
        update public.user_sessions s
           set token_hash = p_next, renewed_at = pg_catalog.clock_timestamp()
         where s.id = v_session;
        token_hash := p_next;
    end if;
end $$;

-- Raises IGSUP unless the session of this transaction has shown a code within ten minutes.
create function app.require_step_up() returns void
    language plpgsql stable security definer set search_path = '' as $$
begin
    perform 1
      from public.user_sessions s
     where s.user_id = app.current_user_id()
       and s.verified_at > pg_catalog.now() - interval '10 minutes'
       and s.id = coalesce(
           (select c.id from public.user_sessions c
             where c.token_hash = pg_catalog.decode(
                       nullif(pg_catalog.current_setting('app.session', true), ''), 'hex')),
           (select t.session_id from public.retired_tokens t
             where t.token_hash = pg_catalog.decode(
                       nullif(pg_catalog.current_setting('app.session', true), ''), 'hex')));
    if not found then
        raise exception using errcode = 'IGSUP', message = 'a fresh code is needed';
    end if;
end $$;

-- The staff make admins, let them in again, change numbers and remove people only with a fresh code.
-- Taking rights away needs none: it may have to be quick.
create function app.guard_account() returns trigger
    language plpgsql security definer set search_path = '' as $$
begin
    if session_user = 'ignacio_admin' then
        perform app.require_step_up();
    end if;
    return case tg_op when 'DELETE' then old else new end;
end $$;

create or replace function app.audit_actor() returns uuid
    language plpgsql stable security definer set search_path = '' as $$
declare
    v_digest bytea := pg_catalog.decode(
        nullif(pg_catalog.current_setting('app.session', true), ''), 'hex');
    v_actor  uuid;
    v_is_admin boolean;
begin
    select s.user_id, u.is_admin and u.is_active into v_actor, v_is_admin
      from public.user_sessions s
      join public.users u on u.id = s.user_id
     where s.id = coalesce(
         (select c.id from public.user_sessions c where c.token_hash = v_digest),
         (select t.session_id from public.retired_tokens t where t.token_hash = v_digest));
    if session_user = 'ignacio_admin' and v_is_admin is distinct from true
        or session_user = 'ignacio_api' and v_actor is null then
        raise exception using errcode = 'IGADM', message = 'nobody does this without a name';
    end if;
    return v_actor;
end $$;

create or replace function app.audit_session() returns trigger
    language plpgsql security definer set search_path = '' as $$
begin
    if tg_op = 'INSERT' then
        perform app.audit('session.opened', new.user_id, new.user_id, new.id, null, '{}');
    elsif new.revoked_at is not distinct from old.revoked_at then
        perform app.audit('session.verified', new.user_id, new.user_id, new.id, null, '{}');
    else
        perform app.audit(
            case when new.reused_at is null then 'session.ended' else 'session.reused' end,
            app.audit_actor(), new.user_id, new.id, null, '{}');
    end if;
    return null;
end $$;

create or replace function app.note_read(p_action text, p_subject uuid, p_rows bigint) returns void
    language plpgsql volatile security definer set search_path = '' as $$
begin
    if not app.is_admin() then
        raise exception using errcode = 'IGADM', message = 'not an admin';
    end if;
    if p_action not in (
        'users.listed', 'user.read', 'user.unlocked', 'codes.listed', 'files.listed', 'audit.listed') then
        raise insufficient_privilege using message = 'not a reading without a grant';
    end if;
    perform app.audit(p_action, app.current_user_id(), p_subject, null, null,
        pg_catalog.jsonb_build_object('n_rows', p_rows));
end $$;

-- A stream that began before its token was replaced goes on: a reply takes no longer than that.
create or replace function app.tail_responses(
    p_digests bytea[], p_responses uuid[], p_after bigint[]
) returns table (
    slot bigint, has_session boolean, has_response boolean, has_ended boolean,
    first_seq bigint, seq bigint, kind text, payload jsonb
)
    language sql stable security definer set search_path = '' as $$
    select t.slot, s.user_id is not null, r.id is not null,
           r.id is not null and r.state not in ('queued', 'running'), e.first_seq, e.seq, e.kind, e.payload
      from rows from (
               pg_catalog.unnest(p_digests), pg_catalog.unnest(p_responses),
               pg_catalog.unnest(p_after)
           ) with ordinality as t (digest, response, after, slot)
      left join lateral (
               select s.user_id
                 from public.user_sessions s
                 join public.users u on u.id = s.user_id
                where s.id = coalesce(
                      (select c.id from public.user_sessions c where c.token_hash = t.digest),
                      (select p.session_id from public.retired_tokens p
                        where p.token_hash = t.digest
                          and p.created_at > pg_catalog.now() - interval '15 minutes'))
                  and s.revoked_at is null
                  and s.expires_at > pg_catalog.now()
                  and s.idle_expires_at > pg_catalog.now()
                  and u.is_active
           ) s on true
      left join public.responses r on r.id = t.response and r.user_id = s.user_id
      left join public.response_events e on e.response_id = r.id and e.seq > t.after
     order by t.slot, e.seq
$$;

revoke all on function app.end_reused(bytea), app.renew(bytea, bytea), app.require_step_up(),
    app.guard_account() from public;
grant execute on function app.end_reused(bytea) to ignacio_api, ignacio_admin;
grant execute on function app.renew(bytea, bytea) to ignacio_api;
grant execute on function app.require_step_up() to ignacio_admin;
grant execute on function app.guard_account() to ignacio_owner;
set local role ignacio_owner;
revoke create on schema app from ignacio_definer;

create trigger user_sessions_audit_verified after update of verified_at on user_sessions
    for each row when (old.verified_at is distinct from new.verified_at and old.revoked_at is null
        and new.revoked_at is null)
    execute function app.audit_session();

-- A number may be changed by then: with a fresh code, and everybody concerned is told.
drop trigger users_keep_number on users;
drop function app.keep_number();
create trigger users_guard_insert before insert on users
    for each row when (new.is_admin) execute function app.guard_account();
create trigger users_guard_update before update of is_admin, is_active, phone_number on users
    for each row when (
        new.is_admin and not old.is_admin
        or new.is_admin and new.is_active and not old.is_active
        or new.phone_number <> old.phone_number)
    execute function app.guard_account();
create trigger users_guard_delete before delete on users
    for each row execute function app.guard_account();
