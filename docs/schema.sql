CREATE SCHEMA app;

ALTER SCHEMA app OWNER TO ignacio_owner;

CREATE FUNCTION app.append_response_events(p_worker uuid, p_is_durable boolean, p_responses uuid[], p_epochs bigint[], p_provider_ids text[], p_cursors bigint[], p_first_text_ages double precision[], p_places integer[], p_first_seqs bigint[], p_seqs bigint[], p_kinds text[], p_payloads text[]) RETURNS boolean[]
    LANGUAGE plpgsql
    SET search_path TO ''
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    AS $$
declare
    v_users uuid[] := '{}';
    v_user  uuid;
begin
    if not p_is_durable then
        -- If the database crashes, the next worker generates what is lost.
        perform pg_catalog.set_config('synchronous_commit', 'off', true);
    end if;
    -- The first text requests a title if there is none. Follow-up jobs come before what depends on
    -- the response, in the order in which a deletion locks.
    for i in 1 .. pg_catalog.cardinality(p_responses) loop
        if p_first_text_ages[i] >= 0
            and app.assume_lease(p_responses[i], p_worker, p_epochs[i]) is not null then
            insert into public.follow_up_jobs (user_id, conversation_id, kind)
            select c.user_id, c.id, 'title'
              from public.responses r
              join public.conversations c on c.user_id = r.user_id and c.id = r.conversation_id
             where r.id = p_responses[i] and c.title is null
                on conflict do nothing;
        end if;
    end loop;
    -- For no single user from here on.
    perform pg_catalog.set_config('app.lease_job', '', true);
    perform pg_catalog.set_config('app.event_writer', p_worker::text, true);
    -- From here to the commit no other worker can take a response over; one that did before
    -- keeps it.
    for i in 1 .. pg_catalog.cardinality(p_responses) loop
        v_user := null;
        update public.responses
           set lease_until = pg_catalog.clock_timestamp() + interval '30 seconds',
               provider_response_id =
                   coalesce(nullif(p_provider_ids[i], ''), provider_response_id),
               provider_cursor =
                   case when p_provider_ids[i] = '' then provider_cursor else p_cursors[i] end,
               first_text_at = case
                   when p_first_text_ages[i] < 0 then first_text_at
                   else coalesce(
                       first_text_at,
                       pg_catalog.clock_timestamp()
                           - pg_catalog.make_interval(secs => p_first_text_ages[i]))
                   end
         where id = p_responses[i] and lease_owner = p_worker and lease_epoch = p_epochs[i]
           and lease_until > pg_catalog.clock_timestamp()
     returning user_id into v_user;
        v_users := v_users || v_user;
    end loop;
    insert into public.response_events (response_id, user_id, first_seq, seq, kind, payload)
    select p_responses[e.place], v_users[e.place], e.first_seq, e.seq, e.kind, e.payload::jsonb
      from rows from (
               pg_catalog.unnest(p_places), pg_catalog.unnest(p_first_seqs),
               pg_catalog.unnest(p_seqs), pg_catalog.unnest(p_kinds), pg_catalog.unnest(p_payloads)
           ) as e (place, first_seq, seq, kind, payload)
     where v_users[e.place] is not null
        -- A commit whose confirmation was lost has written them already.
        on conflict do nothing;
    return array(select user_id is not null from pg_catalog.unnest(v_users) user_id);
end $$;

ALTER FUNCTION app.append_response_events(p_worker uuid, p_is_durable boolean, p_responses uuid[], p_epochs bigint[], p_provider_ids text[], p_cursors bigint[], p_first_text_ages double precision[], p_places integer[], p_first_seqs bigint[], p_seqs bigint[], p_kinds text[], p_payloads text[]) OWNER TO ignacio_owner;

CREATE FUNCTION app.assume_lease(p_response uuid, p_owner uuid, p_epoch bigint) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    perform pg_catalog.set_config('app.lease_job', p_response::text, true);
    perform pg_catalog.set_config('app.lease_owner', p_owner::text, true);
    perform pg_catalog.set_config('app.lease_epoch', p_epoch::text, true);
    return app.leased_user_id();
end $$;

ALTER FUNCTION app.assume_lease(p_response uuid, p_owner uuid, p_epoch bigint) OWNER TO ignacio_definer;

CREATE FUNCTION app.audit_actor() RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
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
        raise exception using errcode = 'IGADM', message = 'an action without an actor';
    end if;
    return v_actor;
end $$;

ALTER FUNCTION app.audit_actor() OWNER TO ignacio_definer;

CREATE FUNCTION app.audit_conversation() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    perform 1 from public.users u where u.id = old.user_id;
    if found then
        perform app.record_audit_event('conversation.deleted', app.audit_actor(), old.user_id, old.id, null, '{}');
    end if;
    return null;
end $$;

ALTER FUNCTION app.audit_conversation() OWNER TO ignacio_definer;

CREATE FUNCTION app.audit_file() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    perform app.record_audit_event('file.deleted', app.audit_actor(), new.user_id, new.id, null, '{}');
    return null;
end $$;

ALTER FUNCTION app.audit_file() OWNER TO ignacio_definer;

CREATE FUNCTION app.audit_grant() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    perform app.record_audit_event('grant.created', new.admin_id, new.user_id, new.id, new.reason,
        pg_catalog.jsonb_build_object('expires_at', new.expires_at));
    return null;
end $$;

ALTER FUNCTION app.audit_grant() OWNER TO ignacio_definer;

CREATE FUNCTION app.audit_read(p_action text, p_subject uuid, p_rows bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    if not app.is_admin() then
        raise exception using errcode = 'IGADM', message = 'not an admin';
    end if;
    if p_action not in (
        'users.listed', 'user.read', 'user.unlocked', 'codes.listed', 'files.listed', 'usage.listed',
        'audit.listed') then
        raise insufficient_privilege using message = 'not a reading without a grant';
    end if;
    perform app.record_audit_event(p_action, app.current_user_id(), p_subject, null, null,
        pg_catalog.jsonb_build_object('n_rows', p_rows));
end $$;

ALTER FUNCTION app.audit_read(p_action text, p_subject uuid, p_rows bigint) OWNER TO ignacio_definer;

CREATE FUNCTION app.audit_session() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    if tg_op = 'INSERT' then
        perform app.record_audit_event('session.opened', new.user_id, new.user_id, new.id, null, '{}');
    elsif new.revoked_at is not distinct from old.revoked_at then
        perform app.record_audit_event('session.verified', new.user_id, new.user_id, new.id, null, '{}');
    else
        perform app.record_audit_event(
            case when new.reused_at is null then 'session.ended' else 'session.reused' end,
            app.audit_actor(), new.user_id, new.id, null, '{}');
    end if;
    return null;
end $$;

ALTER FUNCTION app.audit_session() OWNER TO ignacio_definer;

CREATE FUNCTION app.audit_user() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    v_actor   uuid := app.audit_actor();
    v_changed text[];
begin
    if tg_op = 'INSERT' then
        perform app.record_audit_event('user.created', v_actor, new.id, null, null,
            pg_catalog.jsonb_build_object('is_admin', new.is_admin));
    elsif tg_op = 'DELETE' then
        perform app.record_audit_event('user.deleted', v_actor, old.id, null, null, '{}');
    elsif session_user = 'ignacio_admin' and v_actor = new.id then
        -- No policy lets admins change themselves: the setting was changed afterwards.
        raise exception using errcode = 'IGADM', message = 'an action without an actor';
    elsif session_user <> 'ignacio_api' then
        v_changed := pg_catalog.array_remove(array[
            case when new.name is distinct from old.name then 'name' end,
            case when new.phone_number is distinct from old.phone_number then 'phone' end,
            case when new.locale is distinct from old.locale then 'locale' end,
            case when new.is_admin is distinct from old.is_admin then 'is_admin' end,
            case when new.is_active is distinct from old.is_active then 'is_active' end], null);
        if pg_catalog.cardinality(v_changed) > 0 then
            perform app.record_audit_event('user.changed', v_actor, new.id, null, null,
                pg_catalog.jsonb_build_object('changed', pg_catalog.to_jsonb(v_changed),
                    'is_admin', new.is_admin, 'is_active', new.is_active));
        end if;
    end if;
    return null;
end $$;

ALTER FUNCTION app.audit_user() OWNER TO ignacio_definer;

CREATE FUNCTION app.authenticate(p_digest bytea, OUT user_id uuid, OUT session_id uuid, OUT is_admin boolean) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
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
                errcode = case when found then 'IGREU' else 'IGSES' end,
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
           -- Of simultaneous requests, one writes.
           and s.last_used_at < pg_catalog.now() - interval '5 minutes';
    end if;
end $$;

ALTER FUNCTION app.authenticate(p_digest bytea, OUT user_id uuid, OUT session_id uuid, OUT is_admin boolean) OWNER TO ignacio_definer;

CREATE FUNCTION app.authenticate_page(p_digest bytea, p_cursor_owner uuid) RETURNS uuid
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
    v_user uuid;
begin
    select e.user_id into v_user from app.authenticate(p_digest) e;
    if p_cursor_owner is not null and p_cursor_owner <> v_user then
        raise exception using errcode = 'IGCUR', message = 'a cursor of another user';
    end if;
    return v_user;
end $$;

ALTER FUNCTION app.authenticate_page(p_digest bytea, p_cursor_owner uuid) OWNER TO ignacio_owner;

CREATE TABLE public.users (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    phone_number character varying(20) NOT NULL,
    name character varying(255) NOT NULL,
    is_admin boolean DEFAULT false NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    locale text DEFAULT 'es'::text NOT NULL,
    unreachable_at timestamp with time zone,
    web_search boolean DEFAULT true NOT NULL,
    CONSTRAINT users_locale_check CHECK ((locale = ANY (ARRAY['es'::text, 'en'::text])))
);
ALTER TABLE ONLY public.users ALTER COLUMN phone_number SET STATISTICS 0;
ALTER TABLE ONLY public.users ALTER COLUMN name SET STATISTICS 0;

ALTER TABLE ONLY public.users FORCE ROW LEVEL SECURITY;

ALTER TABLE public.users OWNER TO ignacio_owner;

CREATE FUNCTION app.authenticated_user(p_digest bytea) RETURNS SETOF public.users
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
    perform app.authenticate(p_digest);
    return query select u.* from public.users u where u.id = (select app.current_user_id());
end $$;

ALTER FUNCTION app.authenticated_user(p_digest bytea) OWNER TO ignacio_owner;

CREATE FUNCTION app.authorize_conversation_list(p_user uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    perform 1 from public.users u where u.id = p_user;
    if not found and app.is_admin() then
        raise exception using errcode = 'IGNFD', message = 'no such user';
    end if;
    perform app.authorize_read('conversations.listed', p_user, null);
end $$;

ALTER FUNCTION app.authorize_conversation_list(p_user uuid) OWNER TO ignacio_definer;

CREATE FUNCTION app.authorize_conversation_read(p_conversation uuid) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    v_user uuid;
begin
    select c.user_id into v_user from public.conversations c where c.id = p_conversation;
    perform app.authorize_read('messages.listed', v_user, p_conversation);
    return v_user;
end $$;

ALTER FUNCTION app.authorize_conversation_read(p_conversation uuid) OWNER TO ignacio_definer;

CREATE FUNCTION app.authorize_read(p_action text, p_subject uuid, p_target uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
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
        raise exception using errcode = 'IGGRT', message = 'no live grant';
    end if;
    perform pg_catalog.set_config('app.authorized_read',
        app.record_audit_event(p_action, v_admin, p_subject, p_target, v_reason, '{}')::text, true);
end $$;

ALTER FUNCTION app.authorize_read(p_action text, p_subject uuid, p_target uuid) OWNER TO ignacio_definer;

CREATE FUNCTION app.authorized_read(OUT user_id uuid, OUT conversation_id uuid) RETURNS record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    select e.subject_id, e.target_id into user_id, conversation_id
      from public.audit_events e
     where e.id = nullif(pg_catalog.current_setting('app.authorized_read', true), '')::uuid
       and e.xmin = pg_catalog.pg_current_xact_id()::xid
       and e.action in ('conversations.listed', 'messages.listed')
       and e.actor_id = app.current_user_id()
       and app.is_admin()
       and exists (
           select 1 from public.access_grants g
            where g.admin_id = e.actor_id and g.user_id = e.subject_id
              and g.expires_at > pg_catalog.now() and g.created_at < pg_catalog.now());
end $$;

ALTER FUNCTION app.authorized_read(OUT user_id uuid, OUT conversation_id uuid) OWNER TO ignacio_definer;

CREATE FUNCTION app.check_sync_transition() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
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

ALTER FUNCTION app.check_sync_transition() OWNER TO ignacio_owner;

CREATE FUNCTION app.count_message() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    v_replaced bigint := 0;
begin
    if new.replaces is not null then
        update public.messages m
           set replaced_at = pg_catalog.clock_timestamp()
          from public.messages o
         where o.user_id = new.user_id
           and o.conversation_id = new.conversation_id
           and o.id = new.replaces
           and o.is_from_user = new.is_from_user
           and o.replaced_at is null
           and m.user_id = new.user_id
           and m.conversation_id = new.conversation_id
           and (m.created_at, m.id) >= (o.created_at, o.id)
           and m.id <> new.id
           and m.replaced_at is null;
        get diagnostics v_replaced = row_count;
        if v_replaced = 0 then
            raise exception using
                errcode = 'foreign_key_violation', constraint = 'messages_replaces_fkey',
                message = 'no such version before';
        end if;
    end if;
    update public.conversations c
       set message_count = c.message_count + 1 - v_replaced,
           last_message_at = greatest(c.last_message_at, new.created_at)
     where c.user_id = new.user_id and c.id = new.conversation_id;
    return null;
end $$;

ALTER FUNCTION app.count_message() OWNER TO ignacio_definer;

CREATE FUNCTION app.current_user_id() RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
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

ALTER FUNCTION app.current_user_id() OWNER TO ignacio_definer;

CREATE FUNCTION app.erase_user(p_erasure uuid, p_user uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    v_admin uuid := app.current_user_id();
begin
    if not app.is_admin() then
        raise exception using errcode = 'IGADM', message = 'not an admin';
    end if;
    if p_user = v_admin or p_user = '00000000-0000-0000-0000-000000000000' then
        raise insufficient_privilege using message = 'not for oneself, nor for the temporary user';
    end if;
    insert into public.erasures
        (id, erased_user_id, admin_id, n_conversations, n_messages, n_files)
    select p_erasure, p_user, v_admin, count(*), coalesce(sum(c.message_count), 0),
           (select count(*) from public.user_files f
             where f.user_id = p_user and f.uploaded_at is not null and f.deleted_at is null)
      from public.conversations c where c.user_id = p_user;
    delete from public.users u where u.id = p_user;
    if not found then
        raise exception using errcode = 'IGNFD', message = 'no such user';
    end if;
    -- The triggers of the deletion have queued what has to be deleted elsewhere.
    update public.purge_queue q set erasure_id = p_erasure
     where q.erasure_id is null and q.xmin = pg_catalog.pg_current_xact_id()::xid;
end $$;

ALTER FUNCTION app.erase_user(p_erasure uuid, p_user uuid) OWNER TO ignacio_definer;

CREATE FUNCTION app.event_writer_id() RETURNS uuid
    LANGUAGE sql STABLE
    SET search_path TO ''
    AS $$
    select nullif(pg_catalog.current_setting('app.event_writer', true), '')::uuid
$$;

ALTER FUNCTION app.event_writer_id() OWNER TO ignacio_owner;

CREATE FUNCTION app.is_admin() RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    return coalesce(
        (select u.is_admin and u.is_active from public.users u where u.id = app.current_user_id()),
        false);
end $$;

ALTER FUNCTION app.is_admin() OWNER TO ignacio_definer;

CREATE FUNCTION app.keep_session_revoked() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
    raise exception using
        errcode = 'check_violation', constraint = 'user_sessions_stay_revoked',
        message = 'a session that has ended stays so';
end $$;

ALTER FUNCTION app.keep_session_revoked() OWNER TO ignacio_owner;

CREATE FUNCTION app.leased_user_id() RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    v_job   uuid := nullif(pg_catalog.current_setting('app.lease_job', true), '')::uuid;
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
          from public.follow_up_jobs c
         where c.id = v_job and c.lease_owner = v_owner and c.lease_epoch = v_epoch
           and c.lease_until > pg_catalog.now();
    end if;
    return v_user;
end $$;

ALTER FUNCTION app.leased_user_id() OWNER TO ignacio_definer;

CREATE TABLE public.conversations (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    user_id uuid NOT NULL,
    title character varying(255),
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    message_count bigint DEFAULT 0 NOT NULL,
    last_message_at timestamp with time zone,
    archived boolean DEFAULT false NOT NULL,
    pinned boolean DEFAULT false NOT NULL,
    active_at timestamp with time zone GENERATED ALWAYS AS (COALESCE(last_message_at, created_at)) STORED NOT NULL
);
ALTER TABLE ONLY public.conversations ALTER COLUMN title SET STATISTICS 0;

ALTER TABLE ONLY public.conversations FORCE ROW LEVEL SECURITY;

ALTER TABLE public.conversations OWNER TO ignacio_owner;

CREATE FUNCTION app.list_conversations(p_digest bytea, p_cursor_owner uuid, p_archived boolean, p_pinned boolean, p_words text, p_at timestamp with time zone, p_id uuid, p_rows integer) RETURNS SETOF public.conversations
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
    v_user  uuid := app.authenticate_page(p_digest, p_cursor_owner);
    v_words text := app.normalize_text(p_words);
begin
    return query
    select c.* from public.conversations c
     where c.user_id = v_user
       and c.archived = p_archived
       and (p_pinned is null or c.pinned = p_pinned)
       and (v_words is null
            or pg_catalog.strpos(app.normalize_text(c.title), v_words) > 0
            or exists (
                select 1 from public.messages m
                 where m.user_id = v_user
                   and m.conversation_id = c.id
                   and m.replaced_at is null
                   and pg_catalog.strpos(app.normalize_text(m.content), v_words) > 0))
       and (c.active_at, c.id) < (p_at, p_id)
     order by c.active_at desc, c.id desc
     limit p_rows;
end $$;

ALTER FUNCTION app.list_conversations(p_digest bytea, p_cursor_owner uuid, p_archived boolean, p_pinned boolean, p_words text, p_at timestamp with time zone, p_id uuid, p_rows integer) OWNER TO ignacio_owner;

CREATE TABLE public.citations (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    message_id uuid NOT NULL,
    user_id uuid NOT NULL,
    file_id uuid,
    file_name character varying(255) NOT NULL,
    quote text,
    "position" integer NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    verified boolean
);
ALTER TABLE ONLY public.citations ALTER COLUMN file_name SET STATISTICS 0;
ALTER TABLE ONLY public.citations ALTER COLUMN quote SET STATISTICS 0;

ALTER TABLE ONLY public.citations FORCE ROW LEVEL SECURITY;

ALTER TABLE public.citations OWNER TO ignacio_owner;

CREATE TABLE public.message_feedback (
    message_id uuid NOT NULL,
    user_id uuid NOT NULL,
    rating text NOT NULL,
    reason text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT message_feedback_rating_check CHECK ((rating = ANY (ARRAY['up'::text, 'down'::text]))),
    CONSTRAINT message_feedback_reason_check CHECK ((char_length(reason) <= 1000))
);
ALTER TABLE ONLY public.message_feedback ALTER COLUMN reason SET STATISTICS 0;

ALTER TABLE ONLY public.message_feedback FORCE ROW LEVEL SECURITY;

ALTER TABLE public.message_feedback OWNER TO ignacio_owner;

CREATE TABLE public.message_files (
    message_id uuid NOT NULL,
    user_id uuid NOT NULL,
    file_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.message_files FORCE ROW LEVEL SECURITY;

ALTER TABLE public.message_files OWNER TO ignacio_owner;

CREATE TABLE public.messages (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    conversation_id uuid NOT NULL,
    user_id uuid NOT NULL,
    content text NOT NULL,
    message_type text DEFAULT 'text'::text NOT NULL,
    is_from_user boolean NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    status text DEFAULT 'complete'::text NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    replaces uuid,
    replaced_at timestamp with time zone,
    CONSTRAINT messages_message_type_check CHECK ((message_type = ANY (ARRAY['text'::text, 'image'::text, 'audio'::text, 'video'::text, 'document'::text]))),
    CONSTRAINT messages_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'complete'::text, 'incomplete'::text, 'cancelled'::text, 'failed'::text])))
);
ALTER TABLE ONLY public.messages ALTER COLUMN content SET STATISTICS 0;

ALTER TABLE ONLY public.messages FORCE ROW LEVEL SECURITY;

ALTER TABLE public.messages OWNER TO ignacio_owner;

CREATE TABLE public.responses (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    user_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    message_id uuid NOT NULL,
    state text DEFAULT 'queued'::text NOT NULL,
    failure text,
    incomplete_reason text,
    model text,
    instructions_version text,
    provider_response_id text,
    provider_cursor bigint,
    input_tokens bigint,
    cached_tokens bigint,
    output_tokens bigint,
    reasoning_tokens bigint,
    cancel_requested_at timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    next_attempt_at timestamp with time zone DEFAULT now() NOT NULL,
    lease_owner uuid,
    lease_until timestamp with time zone,
    lease_epoch bigint DEFAULT 0 NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    tools text[] DEFAULT '{}'::text[] NOT NULL,
    first_text_at timestamp with time zone,
    cost_micro bigint,
    CONSTRAINT responses_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'running'::text, 'completed'::text, 'incomplete'::text, 'cancelled'::text, 'failed'::text])))
);

ALTER TABLE ONLY public.responses FORCE ROW LEVEL SECURITY;

ALTER TABLE public.responses OWNER TO ignacio_owner;

CREATE TABLE public.user_files (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    user_id uuid NOT NULL,
    file_name character varying(255) NOT NULL,
    file_path character varying(500) NOT NULL,
    file_type character varying(127) NOT NULL,
    file_size bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    openai_file_id text,
    openai_vector_store_id text,
    openai_uploaded_at timestamp with time zone,
    openai_sync_status text,
    conversation_id uuid,
    content_sha256 bytea,
    uploaded_at timestamp with time zone,
    deleted_at timestamp with time zone,
    purged_at timestamp with time zone,
    sync_attempts integer DEFAULT 0 NOT NULL,
    sync_error text,
    synced_at timestamp with time zone,
    next_attempt_at timestamp with time zone DEFAULT now() NOT NULL,
    lease_owner uuid,
    lease_until timestamp with time zone,
    lease_epoch bigint DEFAULT 0 NOT NULL,
    CONSTRAINT user_files_openai_sync_status_check CHECK ((openai_sync_status = ANY (ARRAY['pending'::text, 'syncing'::text, 'synced'::text, 'failed'::text, 'expired'::text]))),
    CONSTRAINT user_files_size_check CHECK ((file_size >= 0))
);
ALTER TABLE ONLY public.user_files ALTER COLUMN file_name SET STATISTICS 0;
ALTER TABLE ONLY public.user_files ALTER COLUMN file_path SET STATISTICS 0;
ALTER TABLE ONLY public.user_files ALTER COLUMN content_sha256 SET STATISTICS 0;

ALTER TABLE ONLY public.user_files FORCE ROW LEVEL SECURITY;

ALTER TABLE public.user_files OWNER TO ignacio_owner;

CREATE VIEW app.message_details WITH (security_invoker='true') AS
 SELECT m.id,
    m.user_id,
    m.conversation_id,
    m.content,
    m.is_from_user,
    m.status,
    m.created_at,
        CASE
            WHEN (NOT m.is_from_user) THEN ( SELECT r.id
               FROM public.responses r
              WHERE (r.message_id = m.id))
            ELSE NULL::uuid
        END AS response_id,
        CASE
            WHEN m.is_from_user THEN ( SELECT jsonb_agg(jsonb_build_object('id', f.id, 'name', f.file_name, 'media_type', f.file_type) ORDER BY f.id) AS jsonb_agg
               FROM (public.message_files mf
                 JOIN public.user_files f ON (((f.user_id = mf.user_id) AND (f.id = mf.file_id))))
              WHERE ((mf.message_id = m.id) AND (f.deleted_at IS NULL)))
            ELSE NULL::jsonb
        END AS attachments,
        CASE
            WHEN (NOT m.is_from_user) THEN ( SELECT jsonb_agg(jsonb_build_object('file_id', c.file_id, 'file_name', c.file_name, 'quote', c.quote, 'position', c."position", 'verified', c.verified) ORDER BY c."position", c.id) AS jsonb_agg
               FROM public.citations c
              WHERE (c.message_id = m.id))
            ELSE NULL::jsonb
        END AS citations,
    m.version,
    m.replaces,
    m.replaced_at,
        CASE
            WHEN (NOT m.is_from_user) THEN ( SELECT jsonb_build_object('rating', f.rating, 'reason', f.reason) AS jsonb_build_object
               FROM public.message_feedback f
              WHERE (f.message_id = m.id))
            ELSE NULL::jsonb
        END AS feedback
   FROM public.messages m;

ALTER TABLE app.message_details OWNER TO ignacio_owner;

CREATE FUNCTION app.list_messages(p_digest bytea, p_cursor_owner uuid, p_conversation uuid, p_versions boolean, p_at timestamp with time zone, p_id uuid, p_rows integer) RETURNS SETOF app.message_details
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
    v_user uuid := app.authenticate_page(p_digest, p_cursor_owner);
begin
    perform 1 from public.conversations c where c.user_id = v_user and c.id = p_conversation;
    if not found then
        raise exception using errcode = 'IGNFD', message = 'no such conversation';
    end if;
    return query
    select m.* from app.message_details m
     where m.user_id = v_user
       and m.conversation_id = p_conversation
       and (p_versions or m.replaced_at is null)
       and (m.created_at, m.id) < (p_at, p_id)
     order by m.created_at desc, m.id desc
     limit p_rows;
end $$;

ALTER FUNCTION app.list_messages(p_digest bytea, p_cursor_owner uuid, p_conversation uuid, p_versions boolean, p_at timestamp with time zone, p_id uuid, p_rows integer) OWNER TO ignacio_owner;

CREATE FUNCTION app.normalize_text(p_text text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT
    SET search_path TO ''
    AS $$
    select pg_catalog.translate(
        pg_catalog.lower(p_text), 'áàâäãéèêëíìîïóòôöõúùûüñç', 'aaaaaeeeeiiiiooooouuuunc')
$$;

ALTER FUNCTION app.normalize_text(p_text text) OWNER TO ignacio_owner;

CREATE FUNCTION app.notify_phone_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    insert into public.outbox (kind, user_id, phone_number)
    select 'phone_changed', new.id, number
      from pg_catalog.unnest(array[old.phone_number, new.phone_number]) number
     where not pg_catalog.starts_with(number, '+0');
    return null;
end $$;

ALTER FUNCTION app.notify_phone_change() OWNER TO ignacio_definer;

CREATE FUNCTION app.poll_response_events(p_digests bytea[], p_responses uuid[], p_after bigint[]) RETURNS TABLE(slot bigint, has_session boolean, has_response boolean, has_ended boolean, first_seq bigint, seq bigint, kind text, payload jsonb)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    AS $$
begin
    return query
    select t.slot, s.user_id is not null, r.state is not null,
           coalesce(r.state not in ('queued', 'running'), false),
           e.first_seq, e.seq, e.kind, e.payload
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
                      -- The token was replaced after the stream had begun.
                      (select p.session_id from public.retired_tokens p
                        where p.token_hash = t.digest
                          and p.created_at > pg_catalog.now() - interval '15 minutes'))
                  and s.revoked_at is null
                  and s.expires_at > pg_catalog.now()
                  and s.idle_expires_at > pg_catalog.now()
                  and u.is_active
               offset 0
           ) s on true
      left join lateral (
               select r.state from public.responses r
                where r.id = t.response and r.user_id = s.user_id
               offset 0
           ) r on true
      left join lateral (
               select e.first_seq, e.seq, e.kind, e.payload from public.response_events e
                where e.response_id = t.response and e.seq > t.after and r.state is not null
               offset 0
           ) e on true
     order by t.slot, e.seq;
end $$;

ALTER FUNCTION app.poll_response_events(p_digests bytea[], p_responses uuid[], p_after bigint[]) OWNER TO ignacio_definer;

CREATE FUNCTION app.queue_file_purge() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    insert into public.purge_queue (kind, target) values ('object', old.file_path);
    if old.openai_file_id is not null then
        insert into public.purge_queue (kind, target) values ('openai_file', old.openai_file_id);
    end if;
    return old;
end $$;

ALTER FUNCTION app.queue_file_purge() OWNER TO ignacio_definer;

CREATE FUNCTION app.queue_response_purge() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    insert into public.purge_queue (kind, target)
    values ('openai_response', old.provider_response_id);
    return old;
end $$;

ALTER FUNCTION app.queue_response_purge() OWNER TO ignacio_definer;

CREATE FUNCTION app.queue_store_purge() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    insert into public.purge_queue (kind, target)
    values ('openai_vector_store', old.openai_vector_store_id);
    return old;
end $$;

ALTER FUNCTION app.queue_store_purge() OWNER TO ignacio_definer;

CREATE FUNCTION app.rate_limit_hit(p_checked uuid[], p_counted uuid[], p_windows integer[], p_max integer[]) RETURNS interval
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
    v_wait interval := app.rate_limit_wait(p_checked, p_windows, p_max);
begin
    -- A caller that has to wait creates no rows and blocks no other.
    if v_wait is not null then
        return v_wait;
    end if;
    insert into public.rate_buckets (id)
    select distinct bucket from pg_catalog.unnest(p_checked || p_counted) bucket order by bucket
        on conflict do nothing;
    perform 1 from public.rate_buckets b
      where b.id = any (p_checked || p_counted) order by b.id for update;
    v_wait := app.rate_limit_wait(p_checked, p_windows, p_max);
    if v_wait is null then
        update public.rate_buckets b
           set hits = b.hits[pg_catalog.cardinality(b.hits) - k.max_hits + 2 :]
                   || pg_catalog.clock_timestamp()
          from (select l.id, max(l.max_hits) as max_hits
                  from rows from (pg_catalog.unnest(p_counted), pg_catalog.unnest(p_max))
                       l (id, max_hits)
                 group by l.id) k
         where b.id = k.id;
    end if;
    return v_wait;
end $$;

ALTER FUNCTION app.rate_limit_hit(p_checked uuid[], p_counted uuid[], p_windows integer[], p_max integer[]) OWNER TO ignacio_owner;

CREATE FUNCTION app.rate_limit_wait(p_ids uuid[], p_windows integer[], p_max integer[]) RETURNS interval
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
    return (
        select max(b.hits[pg_catalog.cardinality(b.hits) - l.max_hits + 1] + l.within
                       - pg_catalog.clock_timestamp())
          from (select t.id, pg_catalog.make_interval(secs => t.seconds) as within, t.max_hits
                  from rows from (
                           pg_catalog.unnest(p_ids), pg_catalog.unnest(p_windows),
                           pg_catalog.unnest(p_max)
                       ) t (id, seconds, max_hits)) l
          join public.rate_buckets b on b.id = l.id
         where b.hits[pg_catalog.cardinality(b.hits) - l.max_hits + 1]
               > pg_catalog.clock_timestamp() - l.within);
end $$;

ALTER FUNCTION app.rate_limit_wait(p_ids uuid[], p_windows integer[], p_max integer[]) OWNER TO ignacio_owner;

CREATE FUNCTION app.readable_conversation_id() RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    return (select r.conversation_id from app.authorized_read() r);
end $$;

ALTER FUNCTION app.readable_conversation_id() OWNER TO ignacio_definer;

CREATE FUNCTION app.readable_user_id() RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    return (select r.user_id from app.authorized_read() r);
end $$;

ALTER FUNCTION app.readable_user_id() OWNER TO ignacio_definer;

CREATE FUNCTION app.record_audit_event(p_action text, p_actor uuid, p_subject uuid, p_target uuid, p_reason text, p_detail jsonb) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
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
    -- `ignacio audit verify` computes the same by itself (owner_db/audit.rs in ignacio-
    -- persistence).
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

ALTER FUNCTION app.record_audit_event(p_action text, p_actor uuid, p_subject uuid, p_target uuid, p_reason text, p_detail jsonb) OWNER TO ignacio_definer;

CREATE FUNCTION app.record_code_attempt(p_otp uuid, p_session uuid, p_max integer, p_max_in_alarm integer, p_lockout_steps integer[], p_lockout_seconds integer[], p_lockout_limit integer) RETURNS TABLE(outcome text, wait interval, phone_number text, code_hash bytea)
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
#variable_conflict use_column
declare
    v_budget   uuid;
    v_max      integer := p_max;
    v_failures integer;
    v_paused   timestamptz;
begin
    -- In the order in which a correct code locks: the challenge, then its failures.
    select c.budget_id into v_budget from public.otp_codes c
     where c.id = p_otp and c.session_id is not distinct from p_session for no key update;
    if not found then
        return query select 'refused', null::interval, null, null::bytea;
        return;
    end if;
    insert into public.login_failures (id) values (v_budget) on conflict do nothing;
    select f.failures, f.paused_until into v_failures, v_paused
      from public.login_failures f where f.id = v_budget for update;
    if not found then
        -- A login has just cleared it.
        insert into public.login_failures (id) values (v_budget) on conflict do nothing;
        v_failures := 0;
    end if;
    if v_failures >= p_lockout_limit or v_paused > pg_catalog.clock_timestamp() then
        return query select 'paused',
            case when v_failures < p_lockout_limit then v_paused - pg_catalog.clock_timestamp() end,
            null, null::bytea;
        return;
    end if;
    if exists (select 1 from public.login_monitor w where w.alarm_until > pg_catalog.now()) then
        v_max := least(p_max, p_max_in_alarm);
    end if;
    return query
    update public.otp_codes c set attempts = c.attempts + 1
     where c.id = p_otp and c.attempts < v_max and c.used_at is null
       and c.expires_at > pg_catalog.clock_timestamp()
    returning 'open', null::interval, c.phone_number::text, c.code_hash;
    if found then
        update public.login_failures f
           set failures = v_failures + 1,
               paused_until = pg_catalog.clock_timestamp() + pg_catalog.make_interval(
                   secs => p_lockout_seconds[
                       pg_catalog.array_position(p_lockout_steps, v_failures + 1)])
         where f.id = v_budget;
    else
        return query
        -- Also for one that a login has voided: a stranger must not learn that there was a login.
        select case when c.expires_at <= pg_catalog.clock_timestamp()
                    then 'over' else 'refused' end,
               null::interval, null, null::bytea
          from public.otp_codes c where c.id = p_otp;
    end if;
end $$;

ALTER FUNCTION app.record_code_attempt(p_otp uuid, p_session uuid, p_max integer, p_max_in_alarm integer, p_lockout_steps integer[], p_lockout_seconds integer[], p_lockout_limit integer) OWNER TO ignacio_owner;

CREATE FUNCTION app.renew_session(p_digest bytea, p_next bytea, OUT token_hash bytea) RETURNS bytea
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    v_session uuid;
    v_renewed timestamptz;
begin
    select e.session_id into v_session from app.authenticate(p_digest) e;
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

ALTER FUNCTION app.renew_session(p_digest bytea, p_next bytea, OUT token_hash bytea) OWNER TO ignacio_definer;

CREATE FUNCTION app.request_code(p_otp uuid, p_outbox uuid, p_phone text, p_user uuid, p_session uuid, p_device bytea, p_buckets uuid[], p_windows integer[], p_max integer[], p_max_in_alarm integer, p_lockout_limit integer, p_lifetime integer) RETURNS TABLE(outcome text, wait interval, expires_at timestamp with time zone, created_at timestamp with time zone, resend_after timestamp with time zone)
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
#variable_conflict use_column
declare
    v_user   uuid;
    v_phone  text := p_phone;
    v_device uuid;
    v_budget uuid;
    v_service uuid := p_buckets[3];
    v_max    integer[] := p_max;
    v_paused timestamptz;
    v_wait   interval;
begin
    if p_session is null then
        select u.id into v_user from public.users u
         where u.phone_number = p_phone and u.is_active
           and u.id <> '00000000-0000-0000-0000-000000000000';
        select d.id into v_device from public.known_devices d
         where d.token_hash = p_device and d.user_id = v_user
           and d.expires_at > pg_catalog.now();
        v_budget := coalesce(v_device, p_buckets[1]);
    else
        select u.id, u.phone_number into v_user, v_phone from public.users u
         where u.id = p_user and u.is_active;
        v_budget := p_session;
    end if;
    if v_budget <> p_buckets[1] then
        v_service := p_buckets[5];
    end if;
    select case when f.failures >= p_lockout_limit then 'infinity' else f.paused_until end
      into v_paused
      from public.login_failures f where f.id = v_budget;
    if v_paused > pg_catalog.clock_timestamp() then
        return query select 'paused',
            case when v_paused < 'infinity' then v_paused - pg_catalog.clock_timestamp() end,
            null::timestamptz, null::timestamptz, null::timestamptz;
        return;
    end if;
    if exists (select 1 from public.login_monitor w where w.alarm_until > pg_catalog.now()) then
        v_max[5] := least(v_max[5], p_max_in_alarm);
    end if;
    v_wait := app.rate_limit_hit(
        array[v_budget, v_budget, v_budget, p_buckets[2], v_service],
        array[v_budget, v_budget, v_budget, p_buckets[2],
              case when v_user is null then p_buckets[4] else v_service end],
        p_windows, v_max);
    if v_wait is not null then
        return query select 'limited', v_wait, null::timestamptz, null::timestamptz,
            null::timestamptz;
        return;
    end if;
    return query
    with challenge as (
        insert into public.otp_codes
            (id, user_id, phone_number, budget_id, device_id, session_id, expires_at)
        values (p_otp, v_user, v_phone, v_budget, v_device, p_session,
            pg_catalog.now() + pg_catalog.make_interval(secs => p_lifetime))
        returning otp_codes.expires_at, otp_codes.created_at),
    sending as (
        insert into public.outbox (id, otp_id) values (p_outbox, p_otp))
    select 'opened', null::interval, c.expires_at, c.created_at,
           c.created_at + pg_catalog.make_interval(secs => p_windows[1])
      from challenge c;
end $$;

ALTER FUNCTION app.request_code(p_otp uuid, p_outbox uuid, p_phone text, p_user uuid, p_session uuid, p_device bytea, p_buckets uuid[], p_windows integer[], p_max integer[], p_max_in_alarm integer, p_lockout_limit integer, p_lifetime integer) OWNER TO ignacio_owner;

CREATE FUNCTION app.require_admin_left() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    perform pg_catalog.pg_advisory_xact_lock(x'1647ac11'::integer);
    perform 1 from public.users u where u.id <> old.id and u.is_admin and u.is_active;
    if not found then
        raise exception using errcode = 'IGLAD', message = 'the last active admin';
    end if;
    return case tg_op when 'DELETE' then old else new end;
end $$;

ALTER FUNCTION app.require_admin_left() OWNER TO ignacio_definer;

CREATE FUNCTION app.require_step_up() RETURNS void
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $$
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

ALTER FUNCTION app.require_step_up() OWNER TO ignacio_definer;

CREATE FUNCTION app.require_step_up_for_user_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    if session_user = 'ignacio_admin' then
        perform app.require_step_up();
    end if;
    return case tg_op when 'DELETE' then old else new end;
end $$;

ALTER FUNCTION app.require_step_up_for_user_change() OWNER TO ignacio_definer;

CREATE FUNCTION app.reserve_usage(p_response uuid, p_model text, p_tokens bigint, p_cost_micro bigint, p_concurrent integer, p_per_ten_minutes integer, p_per_day integer, p_tokens_per_day bigint, p_tokens_per_month bigint, p_cost_micro_per_day bigint, p_cost_micro_per_month bigint, OUT refusal text, OUT retry_at timestamp with time zone) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    v_user  uuid := app.current_user_id();
    v_now   timestamptz;
    v_day   timestamptz;
    v_month timestamptz;
    v_sum   record;
begin
    if v_user is null then
        raise exception using errcode = 'IGSES', message = 'no live session';
    end if;
    perform pg_catalog.pg_advisory_xact_lock(
        pg_catalog.hashtextextended('usage ' || v_user::text, 0));
    v_now := pg_catalog.clock_timestamp();
    v_day := pg_catalog.date_trunc('day', v_now, 'UTC');
    v_month := pg_catalog.date_trunc('month', v_now, 'UTC');
    select count(*) filter (where u.state = 'reserved') as concurrent,
           count(*) filter (where u.kind = 'reply' and u.created_at >= v_day) as day,
           coalesce(sum(u.tokens) filter (where u.created_at >= v_day), 0) as day_tokens,
           coalesce(sum(u.tokens) filter (where u.created_at >= v_month), 0) as month_tokens,
           coalesce(sum(u.micro) filter (where u.created_at >= v_day), 0) as day_micro,
           coalesce(sum(u.micro) filter (where u.created_at >= v_month), 0) as month_micro
      into v_sum
      from (select r.kind, r.state, r.created_at,
                   case r.state when 'settled' then r.input_tokens + r.output_tokens
                        else r.reserved_tokens end as tokens,
                   case r.state when 'reserved' then r.reserved_micro else r.cost_micro end as micro
              from public.usage_records r
             where r.user_id = v_user and (r.created_at >= v_month or r.state = 'reserved')) u;
    select r.created_at + interval '10 minutes' into retry_at
      from public.usage_records r
     where r.user_id = v_user and r.kind = 'reply' and r.created_at > v_now - interval '10 minutes'
     order by r.created_at desc offset p_per_ten_minutes - 1 limit 1;
    if v_sum.concurrent >= p_concurrent then
        refusal := 'replies-at-once';
        retry_at := null;
    elsif retry_at is not null then
        refusal := 'messages';
    elsif v_sum.day >= p_per_day then
        refusal := 'messages-of-the-day';
        retry_at := v_day + interval '1 day';
    elsif v_sum.day_tokens + p_tokens > p_tokens_per_day then
        refusal := 'tokens-of-the-day';
        retry_at := v_day + interval '1 day';
    elsif v_sum.day_micro + p_cost_micro > p_cost_micro_per_day then
        refusal := 'money-of-the-day';
        retry_at := v_day + interval '1 day';
    elsif v_sum.month_tokens + p_tokens > p_tokens_per_month then
        refusal := 'tokens-of-the-month';
        retry_at := pg_catalog.date_trunc('month', v_month + interval '40 days', 'UTC');
    elsif v_sum.month_micro + p_cost_micro > p_cost_micro_per_month then
        refusal := 'money-of-the-month';
        retry_at := pg_catalog.date_trunc('month', v_month + interval '40 days', 'UTC');
    else
        insert into public.usage_records
            (id, user_id, kind, model, state, reserved_tokens, reserved_micro)
        values (p_response, v_user, 'reply', p_model, 'reserved', p_tokens, p_cost_micro);
    end if;
end $$;

ALTER FUNCTION app.reserve_usage(p_response uuid, p_model text, p_tokens bigint, p_cost_micro bigint, p_concurrent integer, p_per_ten_minutes integer, p_per_day integer, p_tokens_per_day bigint, p_tokens_per_month bigint, p_cost_micro_per_day bigint, p_cost_micro_per_month bigint, OUT refusal text, OUT retry_at timestamp with time zone) OWNER TO ignacio_definer;

CREATE FUNCTION app.revoke_reused_session(p_digest bytea) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    -- The audit names the holder of this token as the actor.
    perform pg_catalog.set_config('app.session', pg_catalog.encode(p_digest, 'hex'), true);
    update public.user_sessions s
       set revoked_at = pg_catalog.now(), reused_at = pg_catalog.now()
      from public.retired_tokens t
     where t.token_hash = p_digest
       and t.created_at <= pg_catalog.now() - interval '60 seconds'
       and s.id = t.session_id and s.revoked_at is null;
end $$;

ALTER FUNCTION app.revoke_reused_session(p_digest bytea) OWNER TO ignacio_definer;

CREATE FUNCTION app.set_updated_at() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
    new.updated_at := pg_catalog.now();
    return new;
end $$;

ALTER FUNCTION app.set_updated_at() OWNER TO ignacio_owner;

CREATE FUNCTION app.settle_deleted_response() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
begin
    update public.usage_records r
       set state = case when old.started_at is null then 'settled' else 'estimated' end,
           cost_micro = case when old.started_at is null then 0 else r.reserved_micro end,
           settled_at = pg_catalog.clock_timestamp()
     where r.id = old.id and r.state = 'reserved';
    return old;
end $$;

ALTER FUNCTION app.settle_deleted_response() OWNER TO ignacio_definer;

CREATE TABLE public.access_grants (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    admin_id uuid NOT NULL,
    user_id uuid NOT NULL,
    reason text NOT NULL,
    expires_at timestamp with time zone DEFAULT (now() + '00:30:00'::interval) NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT access_grants_reason_check CHECK ((((char_length(reason) >= 10) AND (char_length(reason) <= 500)) AND (reason ~ '\S\s+\S'::text)))
);
ALTER TABLE ONLY public.access_grants ALTER COLUMN reason SET STATISTICS 0;

ALTER TABLE ONLY public.access_grants FORCE ROW LEVEL SECURITY;

ALTER TABLE public.access_grants OWNER TO ignacio_owner;

CREATE TABLE public.audit_events (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    seq bigint NOT NULL,
    actor_id uuid,
    actor_name character varying(255),
    actor_role text NOT NULL,
    action text NOT NULL,
    subject_id uuid,
    target_id uuid,
    reason text,
    detail jsonb DEFAULT '{}'::jsonb NOT NULL,
    prev_hash bytea NOT NULL,
    hash bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT audit_events_action_check CHECK ((action = ANY (ARRAY['session.opened'::text, 'session.ended'::text, 'session.reused'::text, 'session.verified'::text, 'user.created'::text, 'user.changed'::text, 'user.deleted'::text, 'user.read'::text, 'users.listed'::text, 'user.unlocked'::text, 'codes.listed'::text, 'conversation.deleted'::text, 'conversations.listed'::text, 'messages.listed'::text, 'file.deleted'::text, 'files.listed'::text, 'usage.listed'::text, 'grant.created'::text, 'audit.listed'::text]))),
    CONSTRAINT audit_events_actor_role_check CHECK ((actor_role = ANY (ARRAY['participant'::text, 'admin'::text, 'system'::text]))),
    CONSTRAINT audit_events_seq_check CHECK ((seq > 0))
);
ALTER TABLE ONLY public.audit_events ALTER COLUMN actor_name SET STATISTICS 0;
ALTER TABLE ONLY public.audit_events ALTER COLUMN reason SET STATISTICS 0;
ALTER TABLE ONLY public.audit_events ALTER COLUMN detail SET STATISTICS 0;

ALTER TABLE ONLY public.audit_events FORCE ROW LEVEL SECURITY;

ALTER TABLE public.audit_events OWNER TO ignacio_owner;

CREATE TABLE public.audit_heads (
    id uuid DEFAULT '00000000-0000-0000-0000-000000000000'::uuid NOT NULL,
    seq bigint NOT NULL,
    hash bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT audit_heads_single_check CHECK ((id = '00000000-0000-0000-0000-000000000000'::uuid))
);

ALTER TABLE ONLY public.audit_heads FORCE ROW LEVEL SECURITY;

ALTER TABLE public.audit_heads OWNER TO ignacio_owner;

CREATE TABLE public.conversation_summaries (
    conversation_id uuid NOT NULL,
    user_id uuid NOT NULL,
    content text NOT NULL,
    until_at timestamp with time zone NOT NULL,
    until_id uuid NOT NULL,
    n_messages bigint NOT NULL,
    model text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE ONLY public.conversation_summaries ALTER COLUMN content SET STATISTICS 0;

ALTER TABLE ONLY public.conversation_summaries FORCE ROW LEVEL SECURITY;

ALTER TABLE public.conversation_summaries OWNER TO ignacio_owner;

CREATE TABLE public.erasures (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    erased_user_id uuid NOT NULL,
    admin_id uuid NOT NULL,
    n_conversations bigint NOT NULL,
    n_messages bigint NOT NULL,
    n_files bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.erasures FORCE ROW LEVEL SECURITY;

ALTER TABLE public.erasures OWNER TO ignacio_owner;

CREATE TABLE public.follow_up_jobs (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    user_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    kind text NOT NULL,
    message_id uuid,
    attempts integer DEFAULT 0 NOT NULL,
    next_attempt_at timestamp with time zone DEFAULT now() NOT NULL,
    lease_owner uuid,
    lease_until timestamp with time zone,
    lease_epoch bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT follow_up_jobs_kind_check CHECK ((kind = ANY (ARRAY['title'::text, 'summary'::text, 'citations'::text])))
);

ALTER TABLE ONLY public.follow_up_jobs FORCE ROW LEVEL SECURITY;

ALTER TABLE public.follow_up_jobs OWNER TO ignacio_owner;

CREATE TABLE public.idempotency_keys (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    user_id uuid NOT NULL,
    key_hash bytea NOT NULL,
    request_hash bytea NOT NULL,
    conversation_id uuid,
    locked_until timestamp with time zone DEFAULT (now() + '00:05:00'::interval) NOT NULL,
    status smallint,
    location text,
    body text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE ONLY public.idempotency_keys ALTER COLUMN location SET STATISTICS 0;
ALTER TABLE ONLY public.idempotency_keys ALTER COLUMN body SET STATISTICS 0;

ALTER TABLE ONLY public.idempotency_keys FORCE ROW LEVEL SECURITY;

ALTER TABLE public.idempotency_keys OWNER TO ignacio_owner;

CREATE TABLE public.known_devices (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    user_id uuid NOT NULL,
    token_hash bytea NOT NULL,
    name character varying(120),
    last_used_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE ONLY public.known_devices ALTER COLUMN name SET STATISTICS 0;

ALTER TABLE ONLY public.known_devices FORCE ROW LEVEL SECURITY;

ALTER TABLE public.known_devices OWNER TO ignacio_owner;

CREATE TABLE public.login_failures (
    id uuid NOT NULL,
    failures integer DEFAULT 0 NOT NULL,
    paused_until timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.login_failures FORCE ROW LEVEL SECURITY;

ALTER TABLE public.login_failures OWNER TO ignacio_owner;

CREATE TABLE public.login_monitor (
    id uuid DEFAULT '00000000-0000-0000-0000-000000000000'::uuid NOT NULL,
    alarm_until timestamp with time zone,
    provider_outage text,
    provider_outage_at timestamp with time zone,
    checked_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT login_monitor_single_check CHECK ((id = '00000000-0000-0000-0000-000000000000'::uuid))
);

ALTER TABLE ONLY public.login_monitor FORCE ROW LEVEL SECURITY;

ALTER TABLE public.login_monitor OWNER TO ignacio_owner;

CREATE TABLE public.otp_codes (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    user_id uuid,
    phone_number character varying(20) NOT NULL,
    code_hash bytea,
    attempts smallint DEFAULT 0 NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    sent_at timestamp with time zone,
    used_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    budget_id uuid DEFAULT gen_random_uuid() NOT NULL,
    device_id uuid,
    session_id uuid,
    redeemed_at timestamp with time zone
);
ALTER TABLE ONLY public.otp_codes ALTER COLUMN phone_number SET STATISTICS 0;

ALTER TABLE ONLY public.otp_codes FORCE ROW LEVEL SECURITY;

ALTER TABLE public.otp_codes OWNER TO ignacio_owner;

CREATE TABLE public.outbox (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    otp_id uuid,
    state text DEFAULT 'queued'::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    error text,
    provider_message_id text,
    next_attempt_at timestamp with time zone DEFAULT now() NOT NULL,
    lease_owner uuid,
    lease_until timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    kind text DEFAULT 'code'::text NOT NULL,
    user_id uuid,
    phone_number character varying(20),
    sent_at timestamp with time zone,
    delivered_at timestamp with time zone,
    read_at timestamp with time zone,
    failed_at timestamp with time zone,
    is_misconfigured boolean DEFAULT false NOT NULL,
    CONSTRAINT outbox_kind_check CHECK ((kind = ANY (ARRAY['code'::text, 'phone_changed'::text, 'new_device'::text]))),
    CONSTRAINT outbox_receiver_check CHECK (
CASE kind
    WHEN 'code'::text THEN ((otp_id IS NOT NULL) AND (user_id IS NULL) AND (phone_number IS NULL))
    ELSE ((otp_id IS NULL) AND (user_id IS NOT NULL) AND (phone_number IS NOT NULL))
END),
    CONSTRAINT outbox_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'sent'::text, 'failed'::text])))
);
ALTER TABLE ONLY public.outbox ALTER COLUMN phone_number SET STATISTICS 0;

ALTER TABLE ONLY public.outbox FORCE ROW LEVEL SECURITY;

ALTER TABLE public.outbox OWNER TO ignacio_owner;

CREATE TABLE public.purge_queue (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    kind text NOT NULL,
    target text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    error text,
    next_attempt_at timestamp with time zone DEFAULT now() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    erasure_id uuid,
    CONSTRAINT purge_queue_kind_check CHECK ((kind = ANY (ARRAY['object'::text, 'openai_file'::text, 'openai_vector_store'::text, 'openai_response'::text])))
);

ALTER TABLE ONLY public.purge_queue FORCE ROW LEVEL SECURITY;

ALTER TABLE public.purge_queue OWNER TO ignacio_owner;

CREATE TABLE public.rate_buckets (
    id uuid NOT NULL,
    hits timestamp with time zone[] DEFAULT '{}'::timestamp with time zone[] NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.rate_buckets FORCE ROW LEVEL SECURITY;

ALTER TABLE public.rate_buckets OWNER TO ignacio_owner;

CREATE TABLE public.repeatable_scripts (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    name text NOT NULL,
    digest bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.repeatable_scripts FORCE ROW LEVEL SECURITY;

ALTER TABLE public.repeatable_scripts OWNER TO ignacio_owner;

CREATE TABLE public.response_events (
    response_id uuid NOT NULL,
    user_id uuid NOT NULL,
    seq bigint NOT NULL,
    first_seq bigint NOT NULL,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT response_events_span_check CHECK (((first_seq >= 1) AND (first_seq <= seq)))
);
ALTER TABLE ONLY public.response_events ALTER COLUMN payload SET STATISTICS 0;

ALTER TABLE ONLY public.response_events FORCE ROW LEVEL SECURITY;

ALTER TABLE public.response_events OWNER TO ignacio_owner;

CREATE TABLE public.retired_tokens (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    session_id uuid NOT NULL,
    token_hash bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.retired_tokens FORCE ROW LEVEL SECURITY;

ALTER TABLE public.retired_tokens OWNER TO ignacio_owner;

CREATE TABLE public.seaql_migrations (
    version character varying NOT NULL,
    applied_at bigint NOT NULL
);

ALTER TABLE ONLY public.seaql_migrations FORCE ROW LEVEL SECURITY;

ALTER TABLE public.seaql_migrations OWNER TO ignacio_owner;

CREATE TABLE public.usage_records (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    user_id uuid NOT NULL,
    kind text NOT NULL,
    model text NOT NULL,
    state text NOT NULL,
    reserved_tokens bigint DEFAULT 0 NOT NULL,
    reserved_micro bigint DEFAULT 0 NOT NULL,
    input_tokens bigint DEFAULT 0 NOT NULL,
    cached_tokens bigint DEFAULT 0 NOT NULL,
    output_tokens bigint DEFAULT 0 NOT NULL,
    reasoning_tokens bigint DEFAULT 0 NOT NULL,
    cost_micro bigint DEFAULT 0 NOT NULL,
    settled_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT usage_records_kind_check CHECK ((kind = ANY (ARRAY['reply'::text, 'title'::text, 'summary'::text]))),
    CONSTRAINT usage_records_state_check CHECK ((state = ANY (ARRAY['reserved'::text, 'settled'::text, 'estimated'::text])))
);

ALTER TABLE ONLY public.usage_records FORCE ROW LEVEL SECURITY;

ALTER TABLE public.usage_records OWNER TO ignacio_owner;

CREATE TABLE public.user_sessions (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    user_id uuid NOT NULL,
    token_hash bytea NOT NULL,
    device_name character varying(120),
    expires_at timestamp with time zone NOT NULL,
    idle_expires_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone DEFAULT now() NOT NULL,
    revoked_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    device_id uuid,
    verified_at timestamp with time zone DEFAULT now() NOT NULL,
    renewed_at timestamp with time zone,
    reused_at timestamp with time zone
);
ALTER TABLE ONLY public.user_sessions ALTER COLUMN device_name SET STATISTICS 0;

ALTER TABLE ONLY public.user_sessions FORCE ROW LEVEL SECURITY;

ALTER TABLE public.user_sessions OWNER TO ignacio_owner;

CREATE TABLE public.user_vector_stores (
    user_id uuid NOT NULL,
    openai_vector_store_id text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.user_vector_stores FORCE ROW LEVEL SECURITY;

ALTER TABLE public.user_vector_stores OWNER TO ignacio_owner;

CREATE TABLE public.webhook_inbox (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    digest bytea NOT NULL,
    body bytea,
    processed_at timestamp with time zone,
    error text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE ONLY public.webhook_inbox ALTER COLUMN body SET STATISTICS 0;

ALTER TABLE ONLY public.webhook_inbox FORCE ROW LEVEL SECURITY;

ALTER TABLE public.webhook_inbox OWNER TO ignacio_owner;

ALTER TABLE ONLY public.access_grants
    ADD CONSTRAINT access_grants_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.audit_events
    ADD CONSTRAINT audit_events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.audit_events
    ADD CONSTRAINT audit_events_seq_key UNIQUE (seq);

ALTER TABLE ONLY public.audit_heads
    ADD CONSTRAINT audit_heads_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.citations
    ADD CONSTRAINT citations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.conversation_summaries
    ADD CONSTRAINT conversation_summaries_pkey PRIMARY KEY (conversation_id);

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT conversations_owner_key UNIQUE (user_id, id);

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT conversations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.erasures
    ADD CONSTRAINT erasures_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.follow_up_jobs
    ADD CONSTRAINT follow_up_jobs_once_key UNIQUE NULLS NOT DISTINCT (conversation_id, kind, message_id);

ALTER TABLE ONLY public.follow_up_jobs
    ADD CONSTRAINT follow_up_jobs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_key UNIQUE (user_id, key_hash);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.known_devices
    ADD CONSTRAINT known_devices_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.known_devices
    ADD CONSTRAINT known_devices_token_hash_key UNIQUE (token_hash);

ALTER TABLE ONLY public.login_failures
    ADD CONSTRAINT login_failures_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.login_monitor
    ADD CONSTRAINT login_monitor_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.message_feedback
    ADD CONSTRAINT message_feedback_pkey PRIMARY KEY (message_id);

ALTER TABLE ONLY public.message_files
    ADD CONSTRAINT message_files_pkey PRIMARY KEY (message_id, file_id);

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.otp_codes
    ADD CONSTRAINT otp_codes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_otp_key UNIQUE (otp_id);

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.purge_queue
    ADD CONSTRAINT purge_queue_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.rate_buckets
    ADD CONSTRAINT rate_buckets_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.repeatable_scripts
    ADD CONSTRAINT repeatable_scripts_name_key UNIQUE (name);

ALTER TABLE ONLY public.repeatable_scripts
    ADD CONSTRAINT repeatable_scripts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.response_events
    ADD CONSTRAINT response_events_pkey PRIMARY KEY (response_id, seq);

ALTER TABLE ONLY public.responses
    ADD CONSTRAINT responses_message_key UNIQUE (message_id);

ALTER TABLE ONLY public.responses
    ADD CONSTRAINT responses_owner_key UNIQUE (user_id, id);

ALTER TABLE ONLY public.responses
    ADD CONSTRAINT responses_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.retired_tokens
    ADD CONSTRAINT retired_tokens_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.retired_tokens
    ADD CONSTRAINT retired_tokens_token_hash_key UNIQUE (token_hash);

ALTER TABLE ONLY public.seaql_migrations
    ADD CONSTRAINT seaql_migrations_pkey PRIMARY KEY (version);

ALTER TABLE ONLY public.usage_records
    ADD CONSTRAINT usage_records_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.user_files
    ADD CONSTRAINT user_files_owner_key UNIQUE (user_id, id);

ALTER TABLE ONLY public.user_files
    ADD CONSTRAINT user_files_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.user_sessions
    ADD CONSTRAINT user_sessions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.user_sessions
    ADD CONSTRAINT user_sessions_token_hash_key UNIQUE (token_hash);

ALTER TABLE ONLY public.user_vector_stores
    ADD CONSTRAINT user_vector_stores_openai_vector_store_id_key UNIQUE (openai_vector_store_id);

ALTER TABLE ONLY public.user_vector_stores
    ADD CONSTRAINT user_vector_stores_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_phone_number_key UNIQUE (phone_number);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.webhook_inbox
    ADD CONSTRAINT webhook_inbox_digest_key UNIQUE (digest);

ALTER TABLE ONLY public.webhook_inbox
    ADD CONSTRAINT webhook_inbox_pkey PRIMARY KEY (id);

CREATE INDEX access_grants_admin_idx ON public.access_grants USING btree (admin_id, user_id, expires_at DESC);

CREATE INDEX access_grants_user_idx ON public.access_grants USING btree (user_id);

CREATE INDEX audit_events_actor_idx ON public.audit_events USING btree (actor_id, created_at DESC, id DESC);

CREATE INDEX audit_events_page_idx ON public.audit_events USING btree (created_at DESC, id DESC);

CREATE INDEX audit_events_subject_idx ON public.audit_events USING btree (subject_id, created_at DESC, id DESC);

CREATE INDEX citations_file_idx ON public.citations USING btree (user_id, file_id);

CREATE INDEX citations_message_idx ON public.citations USING btree (message_id, "position");

CREATE INDEX conversation_summaries_user_idx ON public.conversation_summaries USING btree (user_id, conversation_id);

CREATE INDEX conversations_list_idx ON public.conversations USING btree (user_id, archived, active_at DESC, id DESC);

CREATE INDEX follow_up_jobs_conversation_idx ON public.follow_up_jobs USING btree (user_id, conversation_id);

CREATE INDEX follow_up_jobs_due_idx ON public.follow_up_jobs USING btree (next_attempt_at);

CREATE INDEX idempotency_keys_conversation_idx ON public.idempotency_keys USING btree (user_id, conversation_id);

CREATE INDEX idempotency_keys_created_idx ON public.idempotency_keys USING btree (created_at);

CREATE INDEX known_devices_user_idx ON public.known_devices USING btree (user_id, last_used_at DESC);

CREATE INDEX login_failures_updated_idx ON public.login_failures USING btree (updated_at);

CREATE INDEX message_feedback_user_idx ON public.message_feedback USING btree (user_id);

CREATE INDEX message_files_file_idx ON public.message_files USING btree (user_id, file_id);

CREATE INDEX messages_page_idx ON public.messages USING btree (user_id, conversation_id, created_at DESC, id DESC);

CREATE INDEX otp_codes_created_idx ON public.otp_codes USING btree (created_at);

CREATE INDEX otp_codes_device_idx ON public.otp_codes USING btree (device_id);

CREATE INDEX otp_codes_phone_idx ON public.otp_codes USING btree (phone_number, created_at DESC);

CREATE INDEX otp_codes_session_idx ON public.otp_codes USING btree (session_id);

CREATE INDEX otp_codes_user_idx ON public.otp_codes USING btree (user_id);

CREATE INDEX outbox_due_idx ON public.outbox USING btree (next_attempt_at) WHERE (state = 'queued'::text);

CREATE INDEX outbox_provider_message_idx ON public.outbox USING btree (provider_message_id);

CREATE INDEX outbox_sent_idx ON public.outbox USING btree (sent_at DESC) WHERE ((state = 'sent'::text) AND (provider_message_id IS NOT NULL));

CREATE INDEX outbox_user_idx ON public.outbox USING btree (user_id);

CREATE INDEX purge_queue_due_idx ON public.purge_queue USING btree (next_attempt_at);

CREATE INDEX purge_queue_erasure_idx ON public.purge_queue USING btree (erasure_id);

CREATE INDEX rate_buckets_updated_idx ON public.rate_buckets USING btree (updated_at);

CREATE INDEX response_events_response_idx ON public.response_events USING btree (user_id, response_id);

CREATE INDEX responses_conversation_idx ON public.responses USING btree (user_id, conversation_id, created_at DESC);

CREATE INDEX responses_due_idx ON public.responses USING btree (next_attempt_at) WHERE (state = ANY (ARRAY['queued'::text, 'running'::text]));

CREATE INDEX responses_lease_idx ON public.responses USING btree (lease_owner) WHERE (state = 'running'::text);

CREATE UNIQUE INDEX responses_running_key ON public.responses USING btree (conversation_id) WHERE (state = ANY (ARRAY['queued'::text, 'running'::text]));

CREATE INDEX retired_tokens_session_idx ON public.retired_tokens USING btree (session_id);

CREATE INDEX usage_records_created_idx ON public.usage_records USING btree (created_at);

CREATE INDEX usage_records_open_idx ON public.usage_records USING btree (user_id) WHERE (state = 'reserved'::text);

CREATE INDEX usage_records_user_idx ON public.usage_records USING btree (user_id, created_at);

CREATE INDEX user_files_conversation_idx ON public.user_files USING btree (user_id, conversation_id);

CREATE INDEX user_files_deleted_idx ON public.user_files USING btree (next_attempt_at) WHERE (deleted_at IS NOT NULL);

CREATE INDEX user_files_due_idx ON public.user_files USING btree (next_attempt_at) WHERE ((openai_sync_status = ANY (ARRAY['pending'::text, 'syncing'::text])) AND (deleted_at IS NULL));

CREATE INDEX user_files_openai_file_idx ON public.user_files USING btree (openai_file_id) WHERE (openai_file_id IS NOT NULL);

CREATE INDEX user_files_openai_sync_idx ON public.user_files USING btree (user_id, openai_sync_status);

CREATE INDEX user_files_page_idx ON public.user_files USING btree (user_id, created_at DESC, id DESC);

CREATE INDEX user_files_unfinished_idx ON public.user_files USING btree (created_at) WHERE ((uploaded_at IS NULL) AND (deleted_at IS NULL));

CREATE INDEX user_sessions_device_idx ON public.user_sessions USING btree (device_id);

CREATE INDEX user_sessions_user_idx ON public.user_sessions USING btree (user_id, created_at DESC);

CREATE INDEX users_page_idx ON public.users USING btree (created_at DESC, id DESC);

CREATE INDEX webhook_inbox_due_idx ON public.webhook_inbox USING btree (created_at) WHERE (processed_at IS NULL);

CREATE TRIGGER access_grants_audit AFTER INSERT ON public.access_grants FOR EACH ROW EXECUTE FUNCTION app.audit_grant();

CREATE TRIGGER audit_heads_updated_at BEFORE UPDATE ON public.audit_heads FOR EACH ROW EXECUTE FUNCTION app.set_updated_at();

CREATE TRIGGER conversation_summaries_updated_at BEFORE UPDATE ON public.conversation_summaries FOR EACH ROW EXECUTE FUNCTION app.set_updated_at();

CREATE TRIGGER conversations_audit AFTER DELETE ON public.conversations FOR EACH ROW EXECUTE FUNCTION app.audit_conversation();

CREATE TRIGGER conversations_updated_at BEFORE UPDATE OF title, archived, pinned ON public.conversations FOR EACH ROW EXECUTE FUNCTION app.set_updated_at();

CREATE TRIGGER follow_up_jobs_updated_at BEFORE UPDATE ON public.follow_up_jobs FOR EACH ROW EXECUTE FUNCTION app.set_updated_at();

CREATE TRIGGER idempotency_keys_updated_at BEFORE UPDATE ON public.idempotency_keys FOR EACH ROW EXECUTE FUNCTION app.set_updated_at();

CREATE TRIGGER known_devices_updated_at BEFORE UPDATE ON public.known_devices FOR EACH ROW EXECUTE FUNCTION app.set_updated_at();

CREATE TRIGGER login_failures_updated_at BEFORE UPDATE ON public.login_failures FOR EACH ROW EXECUTE FUNCTION app.set_updated_at();

CREATE TRIGGER login_monitor_updated_at BEFORE UPDATE ON public.login_monitor FOR EACH ROW EXECUTE FUNCTION app.set_updated_at();

CREATE TRIGGER message_feedback_updated_at BEFORE UPDATE ON public.message_feedback FOR EACH ROW EXECUTE FUNCTION app.set_updated_at();

CREATE TRIGGER messages_count AFTER INSERT ON public.messages FOR EACH ROW EXECUTE FUNCTION app.count_message();

CREATE TRIGGER messages_updated_at BEFORE UPDATE ON public.messages FOR EACH ROW EXECUTE FUNCTION app.set_updated_at();

CREATE TRIGGER otp_codes_updated_at BEFORE UPDATE ON public.otp_codes FOR EACH ROW EXECUTE FUNCTION app.set_updated_at();

CREATE TRIGGER outbox_updated_at BEFORE UPDATE ON public.outbox FOR EACH ROW EXECUTE FUNCTION app.set_updated_at();

CREATE TRIGGER purge_queue_updated_at BEFORE UPDATE ON public.purge_queue FOR EACH ROW EXECUTE FUNCTION app.set_updated_at();

CREATE TRIGGER rate_buckets_updated_at BEFORE UPDATE ON public.rate_buckets FOR EACH ROW EXECUTE FUNCTION app.set_updated_at();

CREATE TRIGGER repeatable_scripts_updated_at BEFORE UPDATE ON public.repeatable_scripts FOR EACH ROW EXECUTE FUNCTION app.set_updated_at();

CREATE TRIGGER responses_purge BEFORE DELETE ON public.responses FOR EACH ROW WHEN ((old.provider_response_id IS NOT NULL)) EXECUTE FUNCTION app.queue_response_purge();

CREATE TRIGGER responses_settle BEFORE DELETE ON public.responses FOR EACH ROW WHEN ((old.state = ANY (ARRAY['queued'::text, 'running'::text]))) EXECUTE FUNCTION app.settle_deleted_response();

CREATE TRIGGER responses_updated_at BEFORE UPDATE ON public.responses FOR EACH ROW EXECUTE FUNCTION app.set_updated_at();

CREATE TRIGGER usage_records_updated_at BEFORE UPDATE ON public.usage_records FOR EACH ROW EXECUTE FUNCTION app.set_updated_at();

CREATE TRIGGER user_files_audit AFTER UPDATE OF deleted_at ON public.user_files FOR EACH ROW WHEN (((old.deleted_at IS NULL) AND (new.deleted_at IS NOT NULL) AND (new.uploaded_at IS NOT NULL))) EXECUTE FUNCTION app.audit_file();

CREATE TRIGGER user_files_purge BEFORE DELETE ON public.user_files FOR EACH ROW WHEN ((old.purged_at IS NULL)) EXECUTE FUNCTION app.queue_file_purge();

CREATE TRIGGER user_files_sync_transition BEFORE UPDATE OF openai_sync_status ON public.user_files FOR EACH ROW EXECUTE FUNCTION app.check_sync_transition();

CREATE TRIGGER user_files_updated_at BEFORE UPDATE ON public.user_files FOR EACH ROW EXECUTE FUNCTION app.set_updated_at();

CREATE TRIGGER user_sessions_audit_insert AFTER INSERT ON public.user_sessions FOR EACH ROW EXECUTE FUNCTION app.audit_session();

CREATE TRIGGER user_sessions_audit_update AFTER UPDATE OF revoked_at ON public.user_sessions FOR EACH ROW WHEN (((old.revoked_at IS NULL) AND (new.revoked_at IS NOT NULL))) EXECUTE FUNCTION app.audit_session();

CREATE TRIGGER user_sessions_audit_verified AFTER UPDATE OF verified_at ON public.user_sessions FOR EACH ROW WHEN (((old.verified_at IS DISTINCT FROM new.verified_at) AND (old.revoked_at IS NULL) AND (new.revoked_at IS NULL))) EXECUTE FUNCTION app.audit_session();

CREATE TRIGGER user_sessions_stay_revoked BEFORE UPDATE OF revoked_at ON public.user_sessions FOR EACH ROW WHEN (((old.revoked_at IS NOT NULL) AND (new.revoked_at IS DISTINCT FROM old.revoked_at))) EXECUTE FUNCTION app.keep_session_revoked();

CREATE TRIGGER user_sessions_updated_at BEFORE UPDATE ON public.user_sessions FOR EACH ROW EXECUTE FUNCTION app.set_updated_at();

CREATE TRIGGER user_vector_stores_purge BEFORE DELETE ON public.user_vector_stores FOR EACH ROW EXECUTE FUNCTION app.queue_store_purge();

CREATE TRIGGER user_vector_stores_updated_at BEFORE UPDATE ON public.user_vector_stores FOR EACH ROW EXECUTE FUNCTION app.set_updated_at();

CREATE TRIGGER users_audit AFTER INSERT OR DELETE OR UPDATE ON public.users FOR EACH ROW EXECUTE FUNCTION app.audit_user();

CREATE TRIGGER users_check_step_up_delete BEFORE DELETE ON public.users FOR EACH ROW EXECUTE FUNCTION app.require_step_up_for_user_change();

CREATE TRIGGER users_check_step_up_insert BEFORE INSERT ON public.users FOR EACH ROW WHEN (new.is_admin) EXECUTE FUNCTION app.require_step_up_for_user_change();

CREATE TRIGGER users_check_step_up_update BEFORE UPDATE OF is_admin, is_active, phone_number ON public.users FOR EACH ROW WHEN (((new.is_admin AND (NOT old.is_admin)) OR (new.is_admin AND new.is_active AND (NOT old.is_active)) OR ((new.phone_number)::text <> (old.phone_number)::text))) EXECUTE FUNCTION app.require_step_up_for_user_change();

CREATE TRIGGER users_notify_phone_change AFTER UPDATE OF phone_number ON public.users FOR EACH ROW WHEN (((new.phone_number)::text <> (old.phone_number)::text)) EXECUTE FUNCTION app.notify_phone_change();

CREATE TRIGGER users_require_admin_left_delete BEFORE DELETE ON public.users FOR EACH ROW WHEN ((old.is_admin AND old.is_active)) EXECUTE FUNCTION app.require_admin_left();

CREATE TRIGGER users_require_admin_left_update BEFORE UPDATE OF is_admin, is_active ON public.users FOR EACH ROW WHEN ((old.is_admin AND old.is_active AND (NOT (new.is_admin AND new.is_active)))) EXECUTE FUNCTION app.require_admin_left();

CREATE TRIGGER users_updated_at BEFORE UPDATE ON public.users FOR EACH ROW EXECUTE FUNCTION app.set_updated_at();

CREATE TRIGGER webhook_inbox_updated_at BEFORE UPDATE ON public.webhook_inbox FOR EACH ROW EXECUTE FUNCTION app.set_updated_at();

ALTER TABLE ONLY public.access_grants
    ADD CONSTRAINT access_grants_admin_id_fkey FOREIGN KEY (admin_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.access_grants
    ADD CONSTRAINT access_grants_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.citations
    ADD CONSTRAINT citations_file_fkey FOREIGN KEY (user_id, file_id) REFERENCES public.user_files(user_id, id) ON DELETE SET NULL (file_id);

ALTER TABLE ONLY public.citations
    ADD CONSTRAINT citations_message_id_fkey FOREIGN KEY (message_id) REFERENCES public.messages(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.conversation_summaries
    ADD CONSTRAINT conversation_summaries_conversation_fkey FOREIGN KEY (user_id, conversation_id) REFERENCES public.conversations(user_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT conversations_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.follow_up_jobs
    ADD CONSTRAINT follow_up_jobs_conversation_fkey FOREIGN KEY (user_id, conversation_id) REFERENCES public.conversations(user_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_conversation_fkey FOREIGN KEY (user_id, conversation_id) REFERENCES public.conversations(user_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.known_devices
    ADD CONSTRAINT known_devices_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.message_feedback
    ADD CONSTRAINT message_feedback_message_id_fkey FOREIGN KEY (message_id) REFERENCES public.messages(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.message_feedback
    ADD CONSTRAINT message_feedback_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.message_files
    ADD CONSTRAINT message_files_file_fkey FOREIGN KEY (user_id, file_id) REFERENCES public.user_files(user_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.message_files
    ADD CONSTRAINT message_files_message_id_fkey FOREIGN KEY (message_id) REFERENCES public.messages(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_conversation_fkey FOREIGN KEY (user_id, conversation_id) REFERENCES public.conversations(user_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.otp_codes
    ADD CONSTRAINT otp_codes_device_id_fkey FOREIGN KEY (device_id) REFERENCES public.known_devices(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.otp_codes
    ADD CONSTRAINT otp_codes_session_id_fkey FOREIGN KEY (session_id) REFERENCES public.user_sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.otp_codes
    ADD CONSTRAINT otp_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_otp_id_fkey FOREIGN KEY (otp_id) REFERENCES public.otp_codes(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.purge_queue
    ADD CONSTRAINT purge_queue_erasure_id_fkey FOREIGN KEY (erasure_id) REFERENCES public.erasures(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.response_events
    ADD CONSTRAINT response_events_response_fkey FOREIGN KEY (user_id, response_id) REFERENCES public.responses(user_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.responses
    ADD CONSTRAINT responses_conversation_fkey FOREIGN KEY (user_id, conversation_id) REFERENCES public.conversations(user_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.responses
    ADD CONSTRAINT responses_message_id_fkey FOREIGN KEY (message_id) REFERENCES public.messages(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.retired_tokens
    ADD CONSTRAINT retired_tokens_session_id_fkey FOREIGN KEY (session_id) REFERENCES public.user_sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.usage_records
    ADD CONSTRAINT usage_records_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.user_files
    ADD CONSTRAINT user_files_conversation_fkey FOREIGN KEY (user_id, conversation_id) REFERENCES public.conversations(user_id, id) ON DELETE SET NULL (conversation_id);

ALTER TABLE ONLY public.user_files
    ADD CONSTRAINT user_files_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.user_sessions
    ADD CONSTRAINT user_sessions_device_id_fkey FOREIGN KEY (device_id) REFERENCES public.known_devices(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.user_sessions
    ADD CONSTRAINT user_sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.user_vector_stores
    ADD CONSTRAINT user_vector_stores_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE public.access_grants ENABLE ROW LEVEL SECURITY;

CREATE POLICY access_grants_admin_insert ON public.access_grants FOR INSERT TO ignacio_admin WITH CHECK ((( SELECT app.is_admin() AS is_admin) AND (admin_id = ( SELECT app.current_user_id() AS current_user_id))));

CREATE POLICY access_grants_admin_select ON public.access_grants FOR SELECT TO ignacio_admin USING (( SELECT app.is_admin() AS is_admin));

CREATE POLICY access_grants_definer_select ON public.access_grants FOR SELECT TO ignacio_definer USING (true);

ALTER TABLE public.audit_events ENABLE ROW LEVEL SECURITY;

CREATE POLICY audit_events_admin_select ON public.audit_events FOR SELECT TO ignacio_admin USING (( SELECT app.is_admin() AS is_admin));

CREATE POLICY audit_events_api_select ON public.audit_events FOR SELECT TO ignacio_api USING (((subject_id = ( SELECT app.current_user_id() AS current_user_id)) AND (actor_role = 'admin'::text) AND (actor_id <> subject_id)));

CREATE POLICY audit_events_definer_insert ON public.audit_events FOR INSERT TO ignacio_definer WITH CHECK (true);

CREATE POLICY audit_events_definer_select ON public.audit_events FOR SELECT TO ignacio_definer USING (true);

ALTER TABLE public.audit_heads ENABLE ROW LEVEL SECURITY;

CREATE POLICY audit_heads_definer_select ON public.audit_heads FOR SELECT TO ignacio_definer USING (true);

CREATE POLICY audit_heads_definer_update ON public.audit_heads FOR UPDATE TO ignacio_definer USING (true) WITH CHECK (true);

ALTER TABLE public.citations ENABLE ROW LEVEL SECURITY;

CREATE POLICY citations_admin_select ON public.citations FOR SELECT TO ignacio_admin USING (((user_id = ( SELECT app.readable_user_id() AS readable_user_id)) AND (EXISTS ( SELECT 1
   FROM public.messages m
  WHERE (m.id = citations.message_id)
 OFFSET 0))));

CREATE POLICY citations_api_select ON public.citations FOR SELECT TO ignacio_api USING ((user_id = ( SELECT app.current_user_id() AS current_user_id)));

CREATE POLICY citations_worker_insert ON public.citations FOR INSERT TO ignacio_worker WITH CHECK ((user_id = ( SELECT app.leased_user_id() AS leased_user_id)));

CREATE POLICY citations_worker_select ON public.citations FOR SELECT TO ignacio_worker USING ((user_id = ( SELECT app.leased_user_id() AS leased_user_id)));

CREATE POLICY citations_worker_update ON public.citations FOR UPDATE TO ignacio_worker USING ((user_id = ( SELECT app.leased_user_id() AS leased_user_id))) WITH CHECK ((user_id = ( SELECT app.leased_user_id() AS leased_user_id)));

ALTER TABLE public.conversation_summaries ENABLE ROW LEVEL SECURITY;

CREATE POLICY conversation_summaries_api_select ON public.conversation_summaries FOR SELECT TO ignacio_api USING ((user_id = ( SELECT app.current_user_id() AS current_user_id)));

CREATE POLICY conversation_summaries_worker_insert ON public.conversation_summaries FOR INSERT TO ignacio_worker WITH CHECK ((user_id = ( SELECT app.leased_user_id() AS leased_user_id)));

CREATE POLICY conversation_summaries_worker_select ON public.conversation_summaries FOR SELECT TO ignacio_worker USING ((user_id = ( SELECT app.leased_user_id() AS leased_user_id)));

CREATE POLICY conversation_summaries_worker_update ON public.conversation_summaries FOR UPDATE TO ignacio_worker USING ((user_id = ( SELECT app.leased_user_id() AS leased_user_id))) WITH CHECK ((user_id = ( SELECT app.leased_user_id() AS leased_user_id)));

ALTER TABLE public.conversations ENABLE ROW LEVEL SECURITY;

CREATE POLICY conversations_admin_select ON public.conversations FOR SELECT TO ignacio_admin USING (((user_id = ( SELECT app.readable_user_id() AS readable_user_id)) AND (id = COALESCE(( SELECT app.readable_conversation_id() AS readable_conversation_id), id))));

CREATE POLICY conversations_api_delete ON public.conversations FOR DELETE TO ignacio_api USING ((user_id = ( SELECT app.current_user_id() AS current_user_id)));

CREATE POLICY conversations_api_insert ON public.conversations FOR INSERT TO ignacio_api WITH CHECK ((user_id = ( SELECT app.current_user_id() AS current_user_id)));

CREATE POLICY conversations_api_select ON public.conversations FOR SELECT TO ignacio_api USING ((user_id = ( SELECT app.current_user_id() AS current_user_id)));

CREATE POLICY conversations_api_update ON public.conversations FOR UPDATE TO ignacio_api USING ((user_id = ( SELECT app.current_user_id() AS current_user_id))) WITH CHECK ((user_id = ( SELECT app.current_user_id() AS current_user_id)));

CREATE POLICY conversations_definer_select ON public.conversations FOR SELECT TO ignacio_definer USING (true);

CREATE POLICY conversations_definer_update ON public.conversations FOR UPDATE TO ignacio_definer USING (true) WITH CHECK (true);

CREATE POLICY conversations_worker_select ON public.conversations FOR SELECT TO ignacio_worker USING ((user_id = ( SELECT app.leased_user_id() AS leased_user_id)));

CREATE POLICY conversations_worker_update ON public.conversations FOR UPDATE TO ignacio_worker USING (((user_id = ( SELECT app.leased_user_id() AS leased_user_id)) AND (title IS NULL))) WITH CHECK ((user_id = ( SELECT app.leased_user_id() AS leased_user_id)));

ALTER TABLE public.erasures ENABLE ROW LEVEL SECURITY;

CREATE POLICY erasures_admin_select ON public.erasures FOR SELECT TO ignacio_admin USING (( SELECT app.is_admin() AS is_admin));

CREATE POLICY erasures_definer_insert ON public.erasures FOR INSERT TO ignacio_definer WITH CHECK (true);

ALTER TABLE public.follow_up_jobs ENABLE ROW LEVEL SECURITY;

CREATE POLICY follow_up_jobs_definer_select ON public.follow_up_jobs FOR SELECT TO ignacio_definer USING (true);

CREATE POLICY follow_up_jobs_worker_delete ON public.follow_up_jobs FOR DELETE TO ignacio_worker USING ((user_id = ( SELECT app.leased_user_id() AS leased_user_id)));

CREATE POLICY follow_up_jobs_worker_insert ON public.follow_up_jobs FOR INSERT TO ignacio_worker WITH CHECK ((user_id = ( SELECT app.leased_user_id() AS leased_user_id)));

CREATE POLICY follow_up_jobs_worker_select ON public.follow_up_jobs FOR SELECT TO ignacio_worker USING (COALESCE((user_id = ( SELECT app.leased_user_id() AS leased_user_id)), true));

CREATE POLICY follow_up_jobs_worker_update ON public.follow_up_jobs FOR UPDATE TO ignacio_worker USING (true) WITH CHECK (true);

ALTER TABLE public.idempotency_keys ENABLE ROW LEVEL SECURITY;

CREATE POLICY idempotency_keys_admin_delete ON public.idempotency_keys FOR DELETE TO ignacio_admin USING (((user_id = ( SELECT app.current_user_id() AS current_user_id)) AND ( SELECT app.is_admin() AS is_admin)));

CREATE POLICY idempotency_keys_admin_insert ON public.idempotency_keys FOR INSERT TO ignacio_admin WITH CHECK (((user_id = ( SELECT app.current_user_id() AS current_user_id)) AND ( SELECT app.is_admin() AS is_admin)));

CREATE POLICY idempotency_keys_admin_select ON public.idempotency_keys FOR SELECT TO ignacio_admin USING (((user_id = ( SELECT app.current_user_id() AS current_user_id)) AND ( SELECT app.is_admin() AS is_admin)));

CREATE POLICY idempotency_keys_admin_update ON public.idempotency_keys FOR UPDATE TO ignacio_admin USING (((user_id = ( SELECT app.current_user_id() AS current_user_id)) AND ( SELECT app.is_admin() AS is_admin))) WITH CHECK (((user_id = ( SELECT app.current_user_id() AS current_user_id)) AND ( SELECT app.is_admin() AS is_admin)));

CREATE POLICY idempotency_keys_api_delete ON public.idempotency_keys FOR DELETE TO ignacio_api USING ((user_id = ( SELECT app.current_user_id() AS current_user_id)));

CREATE POLICY idempotency_keys_api_insert ON public.idempotency_keys FOR INSERT TO ignacio_api WITH CHECK ((user_id = ( SELECT app.current_user_id() AS current_user_id)));

CREATE POLICY idempotency_keys_api_select ON public.idempotency_keys FOR SELECT TO ignacio_api USING ((user_id = ( SELECT app.current_user_id() AS current_user_id)));

CREATE POLICY idempotency_keys_api_update ON public.idempotency_keys FOR UPDATE TO ignacio_api USING ((user_id = ( SELECT app.current_user_id() AS current_user_id))) WITH CHECK ((user_id = ( SELECT app.current_user_id() AS current_user_id)));

CREATE POLICY idempotency_keys_worker_delete ON public.idempotency_keys FOR DELETE TO ignacio_worker USING ((created_at < (now() - '24:00:00'::interval)));

CREATE POLICY idempotency_keys_worker_select ON public.idempotency_keys FOR SELECT TO ignacio_worker USING ((created_at < (now() - '24:00:00'::interval)));

ALTER TABLE public.known_devices ENABLE ROW LEVEL SECURITY;

CREATE POLICY known_devices_admin_delete ON public.known_devices FOR DELETE TO ignacio_admin USING (( SELECT app.is_admin() AS is_admin));

CREATE POLICY known_devices_admin_select ON public.known_devices FOR SELECT TO ignacio_admin USING (( SELECT app.is_admin() AS is_admin));

CREATE POLICY known_devices_api_delete ON public.known_devices FOR DELETE TO ignacio_api USING ((user_id = ( SELECT app.current_user_id() AS current_user_id)));

CREATE POLICY known_devices_api_select ON public.known_devices FOR SELECT TO ignacio_api USING ((user_id = ( SELECT app.current_user_id() AS current_user_id)));

CREATE POLICY known_devices_auth_delete ON public.known_devices FOR DELETE TO ignacio_auth USING (true);

CREATE POLICY known_devices_auth_insert ON public.known_devices FOR INSERT TO ignacio_auth WITH CHECK ((user_id <> '00000000-0000-0000-0000-000000000000'::uuid));

CREATE POLICY known_devices_auth_select ON public.known_devices FOR SELECT TO ignacio_auth USING (true);

CREATE POLICY known_devices_auth_update ON public.known_devices FOR UPDATE TO ignacio_auth USING (true) WITH CHECK (true);

CREATE POLICY known_devices_worker_delete ON public.known_devices FOR DELETE TO ignacio_worker USING ((expires_at < now()));

CREATE POLICY known_devices_worker_select ON public.known_devices FOR SELECT TO ignacio_worker USING ((expires_at < now()));

ALTER TABLE public.login_failures ENABLE ROW LEVEL SECURITY;

CREATE POLICY login_failures_admin_delete ON public.login_failures FOR DELETE TO ignacio_admin USING (( SELECT app.is_admin() AS is_admin));

CREATE POLICY login_failures_admin_select ON public.login_failures FOR SELECT TO ignacio_admin USING (( SELECT app.is_admin() AS is_admin));

CREATE POLICY login_failures_auth_delete ON public.login_failures FOR DELETE TO ignacio_auth USING (true);

CREATE POLICY login_failures_auth_insert ON public.login_failures FOR INSERT TO ignacio_auth WITH CHECK ((failures = 0));

CREATE POLICY login_failures_auth_select ON public.login_failures FOR SELECT TO ignacio_auth USING (true);

CREATE POLICY login_failures_auth_update ON public.login_failures FOR UPDATE TO ignacio_auth USING (true) WITH CHECK (true);

CREATE POLICY login_failures_worker_delete ON public.login_failures FOR DELETE TO ignacio_worker USING ((updated_at < (now() - '400 days'::interval)));

CREATE POLICY login_failures_worker_select ON public.login_failures FOR SELECT TO ignacio_worker USING ((updated_at < (now() - '400 days'::interval)));

ALTER TABLE public.login_monitor ENABLE ROW LEVEL SECURITY;

CREATE POLICY login_monitor_auth_select ON public.login_monitor FOR SELECT TO ignacio_auth USING (true);

CREATE POLICY login_monitor_auth_update ON public.login_monitor FOR UPDATE TO ignacio_auth USING (true) WITH CHECK (true);

ALTER TABLE public.message_feedback ENABLE ROW LEVEL SECURITY;

CREATE POLICY message_feedback_admin_select ON public.message_feedback FOR SELECT TO ignacio_admin USING (((user_id = ( SELECT app.readable_user_id() AS readable_user_id)) AND (EXISTS ( SELECT 1
   FROM public.messages m
  WHERE (m.id = message_feedback.message_id)
 OFFSET 0))));

CREATE POLICY message_feedback_api_delete ON public.message_feedback FOR DELETE TO ignacio_api USING ((user_id = ( SELECT app.current_user_id() AS current_user_id)));

CREATE POLICY message_feedback_api_insert ON public.message_feedback FOR INSERT TO ignacio_api WITH CHECK (((user_id = ( SELECT app.current_user_id() AS current_user_id)) AND (EXISTS ( SELECT 1
   FROM public.messages m
  WHERE ((m.id = message_feedback.message_id) AND (m.user_id = message_feedback.user_id) AND (NOT m.is_from_user))))));

CREATE POLICY message_feedback_api_select ON public.message_feedback FOR SELECT TO ignacio_api USING ((user_id = ( SELECT app.current_user_id() AS current_user_id)));

CREATE POLICY message_feedback_api_update ON public.message_feedback FOR UPDATE TO ignacio_api USING ((user_id = ( SELECT app.current_user_id() AS current_user_id))) WITH CHECK ((user_id = ( SELECT app.current_user_id() AS current_user_id)));

CREATE POLICY message_feedback_worker_select ON public.message_feedback FOR SELECT TO ignacio_worker USING ((user_id = ( SELECT app.leased_user_id() AS leased_user_id)));

ALTER TABLE public.message_files ENABLE ROW LEVEL SECURITY;

CREATE POLICY message_files_admin_select ON public.message_files FOR SELECT TO ignacio_admin USING (((user_id = ( SELECT app.readable_user_id() AS readable_user_id)) AND (EXISTS ( SELECT 1
   FROM public.messages m
  WHERE (m.id = message_files.message_id)
 OFFSET 0))));

CREATE POLICY message_files_api_insert ON public.message_files FOR INSERT TO ignacio_api WITH CHECK (((user_id = ( SELECT app.current_user_id() AS current_user_id)) AND (EXISTS ( SELECT 1
   FROM public.messages m
  WHERE ((m.id = message_files.message_id) AND (m.user_id = message_files.user_id) AND m.is_from_user)))));

CREATE POLICY message_files_api_select ON public.message_files FOR SELECT TO ignacio_api USING ((user_id = ( SELECT app.current_user_id() AS current_user_id)));

CREATE POLICY message_files_worker_select ON public.message_files FOR SELECT TO ignacio_worker USING ((user_id = ( SELECT app.leased_user_id() AS leased_user_id)));

ALTER TABLE public.messages ENABLE ROW LEVEL SECURITY;

CREATE POLICY messages_admin_select ON public.messages FOR SELECT TO ignacio_admin USING (((user_id = ( SELECT app.readable_user_id() AS readable_user_id)) AND (conversation_id = ( SELECT app.readable_conversation_id() AS readable_conversation_id))));

CREATE POLICY messages_api_insert ON public.messages FOR INSERT TO ignacio_api WITH CHECK ((user_id = ( SELECT app.current_user_id() AS current_user_id)));

CREATE POLICY messages_api_select ON public.messages FOR SELECT TO ignacio_api USING ((user_id = ( SELECT app.current_user_id() AS current_user_id)));

CREATE POLICY messages_definer_select ON public.messages FOR SELECT TO ignacio_definer USING (true);

CREATE POLICY messages_definer_update ON public.messages FOR UPDATE TO ignacio_definer USING (true) WITH CHECK (true);

CREATE POLICY messages_worker_select ON public.messages FOR SELECT TO ignacio_worker USING ((user_id = ( SELECT app.leased_user_id() AS leased_user_id)));

CREATE POLICY messages_worker_update ON public.messages FOR UPDATE TO ignacio_worker USING (((user_id = ( SELECT app.leased_user_id() AS leased_user_id)) AND (NOT is_from_user))) WITH CHECK (((user_id = ( SELECT app.leased_user_id() AS leased_user_id)) AND (NOT is_from_user)));

ALTER TABLE public.otp_codes ENABLE ROW LEVEL SECURITY;

CREATE POLICY otp_codes_admin_select ON public.otp_codes FOR SELECT TO ignacio_admin USING ((( SELECT app.is_admin() AS is_admin) AND (user_id IS NOT NULL)));

CREATE POLICY otp_codes_admin_update ON public.otp_codes FOR UPDATE TO ignacio_admin USING ((( SELECT app.is_admin() AS is_admin) AND (user_id IS NOT NULL) AND (used_at IS NULL))) WITH CHECK ((( SELECT app.is_admin() AS is_admin) AND (user_id IS NOT NULL) AND (used_at IS NOT NULL)));

CREATE POLICY otp_codes_auth_insert ON public.otp_codes FOR INSERT TO ignacio_auth WITH CHECK (((attempts = 0) AND (used_at IS NULL) AND (code_hash IS NULL)));

CREATE POLICY otp_codes_auth_select ON public.otp_codes FOR SELECT TO ignacio_auth USING (true);

CREATE POLICY otp_codes_auth_update ON public.otp_codes FOR UPDATE TO ignacio_auth USING (true) WITH CHECK (true);

CREATE POLICY otp_codes_worker_delete ON public.otp_codes FOR DELETE TO ignacio_worker USING ((expires_at < (now() - '24:00:00'::interval)));

CREATE POLICY otp_codes_worker_select ON public.otp_codes FOR SELECT TO ignacio_worker USING ((expires_at < (now() - '24:00:00'::interval)));

ALTER TABLE public.outbox ENABLE ROW LEVEL SECURITY;

CREATE POLICY outbox_admin_select ON public.outbox FOR SELECT TO ignacio_admin USING (( SELECT app.is_admin() AS is_admin));

CREATE POLICY outbox_auth_insert ON public.outbox FOR INSERT TO ignacio_auth WITH CHECK (((state = 'queued'::text) AND (attempts = 0)));

CREATE POLICY outbox_auth_select ON public.outbox FOR SELECT TO ignacio_auth USING (true);

CREATE POLICY outbox_auth_update ON public.outbox FOR UPDATE TO ignacio_auth USING (true) WITH CHECK (true);

CREATE POLICY outbox_definer_insert ON public.outbox FOR INSERT TO ignacio_definer WITH CHECK ((kind = 'phone_changed'::text));

CREATE POLICY outbox_worker_delete ON public.outbox FOR DELETE TO ignacio_worker USING (((otp_id IS NULL) AND (created_at < (now() - '30 days'::interval))));

CREATE POLICY outbox_worker_select ON public.outbox FOR SELECT TO ignacio_worker USING (((otp_id IS NULL) AND (created_at < (now() - '30 days'::interval))));

ALTER TABLE public.purge_queue ENABLE ROW LEVEL SECURITY;

CREATE POLICY purge_queue_admin_select ON public.purge_queue FOR SELECT TO ignacio_admin USING ((( SELECT app.is_admin() AS is_admin) AND (erasure_id IS NOT NULL)));

CREATE POLICY purge_queue_definer_insert ON public.purge_queue FOR INSERT TO ignacio_definer WITH CHECK (true);

CREATE POLICY purge_queue_definer_select ON public.purge_queue FOR SELECT TO ignacio_definer USING (true);

CREATE POLICY purge_queue_definer_update ON public.purge_queue FOR UPDATE TO ignacio_definer USING ((erasure_id IS NULL)) WITH CHECK (true);

CREATE POLICY purge_queue_worker_delete ON public.purge_queue FOR DELETE TO ignacio_worker USING (true);

CREATE POLICY purge_queue_worker_select ON public.purge_queue FOR SELECT TO ignacio_worker USING (true);

CREATE POLICY purge_queue_worker_update ON public.purge_queue FOR UPDATE TO ignacio_worker USING (true) WITH CHECK (true);

ALTER TABLE public.rate_buckets ENABLE ROW LEVEL SECURITY;

CREATE POLICY rate_buckets_auth_insert ON public.rate_buckets FOR INSERT TO ignacio_auth WITH CHECK ((hits = '{}'::timestamp with time zone[]));

CREATE POLICY rate_buckets_auth_select ON public.rate_buckets FOR SELECT TO ignacio_auth USING (true);

CREATE POLICY rate_buckets_auth_update ON public.rate_buckets FOR UPDATE TO ignacio_auth USING (true) WITH CHECK (true);

CREATE POLICY rate_buckets_worker_delete ON public.rate_buckets FOR DELETE TO ignacio_worker USING ((updated_at < (now() - '25:00:00'::interval)));

CREATE POLICY rate_buckets_worker_select ON public.rate_buckets FOR SELECT TO ignacio_worker USING ((updated_at < (now() - '25:00:00'::interval)));

ALTER TABLE public.repeatable_scripts ENABLE ROW LEVEL SECURITY;

CREATE POLICY repeatable_scripts_owner ON public.repeatable_scripts TO ignacio_owner USING (true) WITH CHECK (true);

ALTER TABLE public.response_events ENABLE ROW LEVEL SECURITY;

CREATE POLICY response_events_api_select ON public.response_events FOR SELECT TO ignacio_api USING ((user_id = ( SELECT app.current_user_id() AS current_user_id)));

CREATE POLICY response_events_definer_select ON public.response_events FOR SELECT TO ignacio_definer USING (true);

CREATE POLICY response_events_worker_insert ON public.response_events FOR INSERT TO ignacio_worker WITH CHECK (((user_id = ( SELECT app.leased_user_id() AS leased_user_id)) OR (user_id = ( SELECT r.user_id
   FROM public.responses r
  WHERE ((r.id = response_events.response_id) AND (r.lease_owner = ( SELECT app.event_writer_id() AS event_writer_id)) AND (r.lease_until > ( SELECT clock_timestamp() AS clock_timestamp)))))));

CREATE POLICY response_events_worker_select ON public.response_events FOR SELECT TO ignacio_worker USING ((user_id = ( SELECT app.leased_user_id() AS leased_user_id)));

ALTER TABLE public.responses ENABLE ROW LEVEL SECURITY;

CREATE POLICY responses_admin_select ON public.responses FOR SELECT TO ignacio_admin USING (((user_id = ( SELECT app.readable_user_id() AS readable_user_id)) AND (EXISTS ( SELECT 1
   FROM public.messages m
  WHERE (m.id = responses.message_id)
 OFFSET 0))));

CREATE POLICY responses_api_insert ON public.responses FOR INSERT TO ignacio_api WITH CHECK (((user_id = ( SELECT app.current_user_id() AS current_user_id)) AND (EXISTS ( SELECT 1
   FROM public.messages m
  WHERE ((m.id = responses.message_id) AND (m.user_id = responses.user_id) AND (m.conversation_id = responses.conversation_id) AND (NOT m.is_from_user))))));

CREATE POLICY responses_api_select ON public.responses FOR SELECT TO ignacio_api USING ((user_id = ( SELECT app.current_user_id() AS current_user_id)));

CREATE POLICY responses_api_update ON public.responses FOR UPDATE TO ignacio_api USING ((user_id = ( SELECT app.current_user_id() AS current_user_id))) WITH CHECK ((user_id = ( SELECT app.current_user_id() AS current_user_id)));

CREATE POLICY responses_definer_select ON public.responses FOR SELECT TO ignacio_definer USING (true);

CREATE POLICY responses_worker_select ON public.responses FOR SELECT TO ignacio_worker USING (COALESCE((user_id = ( SELECT app.leased_user_id() AS leased_user_id)), true));

CREATE POLICY responses_worker_update ON public.responses FOR UPDATE TO ignacio_worker USING (true) WITH CHECK (true);

ALTER TABLE public.retired_tokens ENABLE ROW LEVEL SECURITY;

CREATE POLICY retired_tokens_definer_insert ON public.retired_tokens FOR INSERT TO ignacio_definer WITH CHECK (true);

CREATE POLICY retired_tokens_definer_select ON public.retired_tokens FOR SELECT TO ignacio_definer USING (true);

ALTER TABLE public.seaql_migrations ENABLE ROW LEVEL SECURITY;

CREATE POLICY seaql_migrations_owner ON public.seaql_migrations TO ignacio_owner USING (true) WITH CHECK (true);

CREATE POLICY seaql_migrations_service_select ON public.seaql_migrations FOR SELECT TO ignacio_api, ignacio_worker USING (true);

ALTER TABLE public.usage_records ENABLE ROW LEVEL SECURITY;

CREATE POLICY usage_records_admin_select ON public.usage_records FOR SELECT TO ignacio_admin USING (( SELECT app.is_admin() AS is_admin));

CREATE POLICY usage_records_api_select ON public.usage_records FOR SELECT TO ignacio_api USING ((user_id = ( SELECT app.current_user_id() AS current_user_id)));

CREATE POLICY usage_records_definer_insert ON public.usage_records FOR INSERT TO ignacio_definer WITH CHECK (true);

CREATE POLICY usage_records_definer_select ON public.usage_records FOR SELECT TO ignacio_definer USING (true);

CREATE POLICY usage_records_definer_update ON public.usage_records FOR UPDATE TO ignacio_definer USING (true) WITH CHECK (true);

CREATE POLICY usage_records_worker_insert ON public.usage_records FOR INSERT TO ignacio_worker WITH CHECK ((user_id = ( SELECT app.leased_user_id() AS leased_user_id)));

CREATE POLICY usage_records_worker_select ON public.usage_records FOR SELECT TO ignacio_worker USING ((user_id = ( SELECT app.leased_user_id() AS leased_user_id)));

CREATE POLICY usage_records_worker_update ON public.usage_records FOR UPDATE TO ignacio_worker USING ((user_id = ( SELECT app.leased_user_id() AS leased_user_id))) WITH CHECK ((user_id = ( SELECT app.leased_user_id() AS leased_user_id)));

ALTER TABLE public.user_files ENABLE ROW LEVEL SECURITY;

CREATE POLICY user_files_admin_select ON public.user_files FOR SELECT TO ignacio_admin USING (( SELECT app.is_admin() AS is_admin));

CREATE POLICY user_files_api_insert ON public.user_files FOR INSERT TO ignacio_api WITH CHECK (((user_id = ( SELECT app.current_user_id() AS current_user_id)) AND ((file_path)::text = ((('users/'::text || user_id) || '/'::text) || id))));

CREATE POLICY user_files_api_select ON public.user_files FOR SELECT TO ignacio_api USING ((user_id = ( SELECT app.current_user_id() AS current_user_id)));

CREATE POLICY user_files_api_update ON public.user_files FOR UPDATE TO ignacio_api USING (((user_id = ( SELECT app.current_user_id() AS current_user_id)) AND (deleted_at IS NULL))) WITH CHECK (((user_id = ( SELECT app.current_user_id() AS current_user_id)) AND ((deleted_at IS NOT NULL) OR (NOT (openai_sync_status IS DISTINCT FROM 'pending'::text)) OR (openai_sync_status IS NULL))));

CREATE POLICY user_files_definer_select ON public.user_files FOR SELECT TO ignacio_definer USING (true);

CREATE POLICY user_files_worker_delete ON public.user_files FOR DELETE TO ignacio_worker USING (((deleted_at IS NOT NULL) AND (purged_at IS NOT NULL) AND (openai_file_id IS NULL)));

CREATE POLICY user_files_worker_select ON public.user_files FOR SELECT TO ignacio_worker USING (COALESCE((user_id = ( SELECT app.leased_user_id() AS leased_user_id)), true));

CREATE POLICY user_files_worker_update ON public.user_files FOR UPDATE TO ignacio_worker USING (true) WITH CHECK (true);

ALTER TABLE public.user_sessions ENABLE ROW LEVEL SECURITY;

CREATE POLICY user_sessions_admin_select ON public.user_sessions FOR SELECT TO ignacio_admin USING (( SELECT app.is_admin() AS is_admin));

CREATE POLICY user_sessions_admin_update ON public.user_sessions FOR UPDATE TO ignacio_admin USING (( SELECT app.is_admin() AS is_admin)) WITH CHECK (( SELECT app.is_admin() AS is_admin));

CREATE POLICY user_sessions_api_select ON public.user_sessions FOR SELECT TO ignacio_api USING ((user_id = ( SELECT app.current_user_id() AS current_user_id)));

CREATE POLICY user_sessions_api_update ON public.user_sessions FOR UPDATE TO ignacio_api USING ((user_id = ( SELECT app.current_user_id() AS current_user_id))) WITH CHECK ((user_id = ( SELECT app.current_user_id() AS current_user_id)));

CREATE POLICY user_sessions_auth_insert ON public.user_sessions FOR INSERT TO ignacio_auth WITH CHECK ((user_id <> '00000000-0000-0000-0000-000000000000'::uuid));

CREATE POLICY user_sessions_auth_select ON public.user_sessions FOR SELECT TO ignacio_auth USING (true);

CREATE POLICY user_sessions_auth_update ON public.user_sessions FOR UPDATE TO ignacio_auth USING (true) WITH CHECK (true);

CREATE POLICY user_sessions_definer_select ON public.user_sessions FOR SELECT TO ignacio_definer USING (true);

CREATE POLICY user_sessions_definer_update ON public.user_sessions FOR UPDATE TO ignacio_definer USING (true) WITH CHECK (true);

CREATE POLICY user_sessions_worker_delete ON public.user_sessions FOR DELETE TO ignacio_worker USING ((expires_at < (now() - '7 days'::interval)));

CREATE POLICY user_sessions_worker_select ON public.user_sessions FOR SELECT TO ignacio_worker USING ((expires_at < (now() - '7 days'::interval)));

ALTER TABLE public.user_vector_stores ENABLE ROW LEVEL SECURITY;

CREATE POLICY user_vector_stores_worker_delete ON public.user_vector_stores FOR DELETE TO ignacio_worker USING (true);

CREATE POLICY user_vector_stores_worker_insert ON public.user_vector_stores FOR INSERT TO ignacio_worker WITH CHECK (true);

CREATE POLICY user_vector_stores_worker_select ON public.user_vector_stores FOR SELECT TO ignacio_worker USING (COALESCE((user_id = ( SELECT app.leased_user_id() AS leased_user_id)), true));

ALTER TABLE public.users ENABLE ROW LEVEL SECURITY;

CREATE POLICY users_admin_insert ON public.users FOR INSERT TO ignacio_admin WITH CHECK (( SELECT app.is_admin() AS is_admin));

CREATE POLICY users_admin_select ON public.users FOR SELECT TO ignacio_admin USING (( SELECT app.is_admin() AS is_admin));

CREATE POLICY users_admin_update ON public.users FOR UPDATE TO ignacio_admin USING ((( SELECT app.is_admin() AS is_admin) AND (id <> ( SELECT app.current_user_id() AS current_user_id)) AND (id <> '00000000-0000-0000-0000-000000000000'::uuid))) WITH CHECK ((( SELECT app.is_admin() AS is_admin) AND (id <> ( SELECT app.current_user_id() AS current_user_id)) AND (id <> '00000000-0000-0000-0000-000000000000'::uuid)));

CREATE POLICY users_api_select ON public.users FOR SELECT TO ignacio_api USING ((id = ( SELECT app.current_user_id() AS current_user_id)));

CREATE POLICY users_api_update ON public.users FOR UPDATE TO ignacio_api USING ((id = ( SELECT app.current_user_id() AS current_user_id))) WITH CHECK ((id = ( SELECT app.current_user_id() AS current_user_id)));

CREATE POLICY users_auth_select ON public.users FOR SELECT TO ignacio_auth USING (true);

CREATE POLICY users_auth_update ON public.users FOR UPDATE TO ignacio_auth USING (true) WITH CHECK (true);

CREATE POLICY users_definer_delete ON public.users FOR DELETE TO ignacio_definer USING (true);

CREATE POLICY users_definer_select ON public.users FOR SELECT TO ignacio_definer USING (true);

CREATE POLICY users_seeder_insert ON public.users FOR INSERT TO ignacio_seeder WITH CHECK (true);

CREATE POLICY users_seeder_select ON public.users FOR SELECT TO ignacio_seeder USING (true);

CREATE POLICY users_worker_select ON public.users FOR SELECT TO ignacio_worker USING ((id = ( SELECT app.leased_user_id() AS leased_user_id)));

ALTER TABLE public.webhook_inbox ENABLE ROW LEVEL SECURITY;

CREATE POLICY webhook_inbox_auth_insert ON public.webhook_inbox FOR INSERT TO ignacio_auth WITH CHECK ((processed_at IS NULL));

CREATE POLICY webhook_inbox_auth_select ON public.webhook_inbox FOR SELECT TO ignacio_auth USING (true);

CREATE POLICY webhook_inbox_auth_update ON public.webhook_inbox FOR UPDATE TO ignacio_auth USING ((processed_at IS NULL)) WITH CHECK (true);

CREATE POLICY webhook_inbox_worker_delete ON public.webhook_inbox FOR DELETE TO ignacio_worker USING ((created_at < (now() - '30 days'::interval)));

CREATE POLICY webhook_inbox_worker_select ON public.webhook_inbox FOR SELECT TO ignacio_worker USING ((created_at < (now() - '30 days'::interval)));

GRANT USAGE ON SCHEMA app TO ignacio_api;
GRANT USAGE ON SCHEMA app TO ignacio_auth;
GRANT USAGE ON SCHEMA app TO ignacio_worker;
GRANT USAGE ON SCHEMA app TO ignacio_admin;
GRANT USAGE ON SCHEMA app TO ignacio_definer;

REVOKE USAGE ON SCHEMA public FROM PUBLIC;
GRANT ALL ON SCHEMA public TO ignacio_owner;
GRANT USAGE ON SCHEMA public TO ignacio_api;
GRANT USAGE ON SCHEMA public TO ignacio_auth;
GRANT USAGE ON SCHEMA public TO ignacio_worker;
GRANT USAGE ON SCHEMA public TO ignacio_admin;
GRANT USAGE ON SCHEMA public TO ignacio_definer;
GRANT USAGE ON SCHEMA public TO ignacio_seeder;

REVOKE ALL ON FUNCTION app.append_response_events(p_worker uuid, p_is_durable boolean, p_responses uuid[], p_epochs bigint[], p_provider_ids text[], p_cursors bigint[], p_first_text_ages double precision[], p_places integer[], p_first_seqs bigint[], p_seqs bigint[], p_kinds text[], p_payloads text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION app.append_response_events(p_worker uuid, p_is_durable boolean, p_responses uuid[], p_epochs bigint[], p_provider_ids text[], p_cursors bigint[], p_first_text_ages double precision[], p_places integer[], p_first_seqs bigint[], p_seqs bigint[], p_kinds text[], p_payloads text[]) TO ignacio_worker;

REVOKE ALL ON FUNCTION app.assume_lease(p_response uuid, p_owner uuid, p_epoch bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION app.assume_lease(p_response uuid, p_owner uuid, p_epoch bigint) TO ignacio_worker;

REVOKE ALL ON FUNCTION app.audit_actor() FROM PUBLIC;

REVOKE ALL ON FUNCTION app.audit_conversation() FROM PUBLIC;
GRANT ALL ON FUNCTION app.audit_conversation() TO ignacio_owner;

REVOKE ALL ON FUNCTION app.audit_file() FROM PUBLIC;
GRANT ALL ON FUNCTION app.audit_file() TO ignacio_owner;

REVOKE ALL ON FUNCTION app.audit_grant() FROM PUBLIC;
GRANT ALL ON FUNCTION app.audit_grant() TO ignacio_owner;

REVOKE ALL ON FUNCTION app.audit_read(p_action text, p_subject uuid, p_rows bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION app.audit_read(p_action text, p_subject uuid, p_rows bigint) TO ignacio_admin;

REVOKE ALL ON FUNCTION app.audit_session() FROM PUBLIC;
GRANT ALL ON FUNCTION app.audit_session() TO ignacio_owner;

REVOKE ALL ON FUNCTION app.audit_user() FROM PUBLIC;
GRANT ALL ON FUNCTION app.audit_user() TO ignacio_owner;

REVOKE ALL ON FUNCTION app.authenticate(p_digest bytea, OUT user_id uuid, OUT session_id uuid, OUT is_admin boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION app.authenticate(p_digest bytea, OUT user_id uuid, OUT session_id uuid, OUT is_admin boolean) TO ignacio_api;
GRANT ALL ON FUNCTION app.authenticate(p_digest bytea, OUT user_id uuid, OUT session_id uuid, OUT is_admin boolean) TO ignacio_admin;

REVOKE ALL ON FUNCTION app.authenticate_page(p_digest bytea, p_cursor_owner uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION app.authenticate_page(p_digest bytea, p_cursor_owner uuid) TO ignacio_api;

GRANT SELECT ON TABLE public.users TO ignacio_api;
GRANT SELECT ON TABLE public.users TO ignacio_admin;
GRANT DELETE ON TABLE public.users TO ignacio_definer;
GRANT SELECT,INSERT ON TABLE public.users TO ignacio_seeder;

GRANT SELECT(id) ON TABLE public.users TO ignacio_auth;
GRANT SELECT(id) ON TABLE public.users TO ignacio_worker;
GRANT INSERT(id) ON TABLE public.users TO ignacio_admin;
GRANT SELECT(id) ON TABLE public.users TO ignacio_definer;

GRANT SELECT(phone_number) ON TABLE public.users TO ignacio_auth;
GRANT SELECT(phone_number) ON TABLE public.users TO ignacio_worker;
GRANT INSERT(phone_number),UPDATE(phone_number) ON TABLE public.users TO ignacio_admin;

GRANT UPDATE(name) ON TABLE public.users TO ignacio_api;
GRANT SELECT(name) ON TABLE public.users TO ignacio_auth;
GRANT SELECT(name) ON TABLE public.users TO ignacio_worker;
GRANT INSERT(name),UPDATE(name) ON TABLE public.users TO ignacio_admin;
GRANT SELECT(name) ON TABLE public.users TO ignacio_definer;

GRANT SELECT(is_admin) ON TABLE public.users TO ignacio_auth;
GRANT SELECT(is_admin) ON TABLE public.users TO ignacio_worker;
GRANT INSERT(is_admin),UPDATE(is_admin) ON TABLE public.users TO ignacio_admin;
GRANT SELECT(is_admin) ON TABLE public.users TO ignacio_definer;

GRANT SELECT(is_active) ON TABLE public.users TO ignacio_auth;
GRANT UPDATE(is_active) ON TABLE public.users TO ignacio_admin;
GRANT SELECT(is_active) ON TABLE public.users TO ignacio_definer;

GRANT SELECT(created_at) ON TABLE public.users TO ignacio_auth;
GRANT SELECT(created_at) ON TABLE public.users TO ignacio_worker;

GRANT SELECT(updated_at) ON TABLE public.users TO ignacio_auth;
GRANT SELECT(updated_at) ON TABLE public.users TO ignacio_worker;

GRANT UPDATE(locale) ON TABLE public.users TO ignacio_api;
GRANT SELECT(locale) ON TABLE public.users TO ignacio_auth;
GRANT SELECT(locale) ON TABLE public.users TO ignacio_worker;
GRANT INSERT(locale),UPDATE(locale) ON TABLE public.users TO ignacio_admin;
GRANT SELECT(locale) ON TABLE public.users TO ignacio_definer;

GRANT SELECT(unreachable_at),UPDATE(unreachable_at) ON TABLE public.users TO ignacio_auth;

GRANT UPDATE(web_search) ON TABLE public.users TO ignacio_api;
GRANT SELECT(web_search) ON TABLE public.users TO ignacio_auth;
GRANT SELECT(web_search) ON TABLE public.users TO ignacio_worker;

REVOKE ALL ON FUNCTION app.authenticated_user(p_digest bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION app.authenticated_user(p_digest bytea) TO ignacio_api;

REVOKE ALL ON FUNCTION app.authorize_conversation_list(p_user uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION app.authorize_conversation_list(p_user uuid) TO ignacio_admin;

REVOKE ALL ON FUNCTION app.authorize_conversation_read(p_conversation uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION app.authorize_conversation_read(p_conversation uuid) TO ignacio_admin;

REVOKE ALL ON FUNCTION app.authorize_read(p_action text, p_subject uuid, p_target uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION app.authorized_read(OUT user_id uuid, OUT conversation_id uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION app.check_sync_transition() FROM PUBLIC;

REVOKE ALL ON FUNCTION app.count_message() FROM PUBLIC;
GRANT ALL ON FUNCTION app.count_message() TO ignacio_owner;

REVOKE ALL ON FUNCTION app.current_user_id() FROM PUBLIC;
GRANT ALL ON FUNCTION app.current_user_id() TO ignacio_api;
GRANT ALL ON FUNCTION app.current_user_id() TO ignacio_admin;

REVOKE ALL ON FUNCTION app.erase_user(p_erasure uuid, p_user uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION app.erase_user(p_erasure uuid, p_user uuid) TO ignacio_admin;

REVOKE ALL ON FUNCTION app.event_writer_id() FROM PUBLIC;
GRANT ALL ON FUNCTION app.event_writer_id() TO ignacio_worker;

REVOKE ALL ON FUNCTION app.is_admin() FROM PUBLIC;
GRANT ALL ON FUNCTION app.is_admin() TO ignacio_admin;

REVOKE ALL ON FUNCTION app.keep_session_revoked() FROM PUBLIC;

REVOKE ALL ON FUNCTION app.leased_user_id() FROM PUBLIC;
GRANT ALL ON FUNCTION app.leased_user_id() TO ignacio_worker;

GRANT SELECT,DELETE ON TABLE public.conversations TO ignacio_api;
GRANT SELECT ON TABLE public.conversations TO ignacio_admin;

GRANT INSERT(id) ON TABLE public.conversations TO ignacio_api;
GRANT SELECT(id) ON TABLE public.conversations TO ignacio_worker;
GRANT SELECT(id) ON TABLE public.conversations TO ignacio_definer;

GRANT INSERT(user_id) ON TABLE public.conversations TO ignacio_api;
GRANT SELECT(user_id) ON TABLE public.conversations TO ignacio_worker;
GRANT SELECT(user_id) ON TABLE public.conversations TO ignacio_definer;

GRANT INSERT(title),UPDATE(title) ON TABLE public.conversations TO ignacio_api;
GRANT SELECT(title),UPDATE(title) ON TABLE public.conversations TO ignacio_worker;

GRANT SELECT(message_count),UPDATE(message_count) ON TABLE public.conversations TO ignacio_definer;

GRANT SELECT(last_message_at),UPDATE(last_message_at) ON TABLE public.conversations TO ignacio_definer;

GRANT UPDATE(archived) ON TABLE public.conversations TO ignacio_api;

GRANT UPDATE(pinned) ON TABLE public.conversations TO ignacio_api;

REVOKE ALL ON FUNCTION app.list_conversations(p_digest bytea, p_cursor_owner uuid, p_archived boolean, p_pinned boolean, p_words text, p_at timestamp with time zone, p_id uuid, p_rows integer) FROM PUBLIC;
GRANT ALL ON FUNCTION app.list_conversations(p_digest bytea, p_cursor_owner uuid, p_archived boolean, p_pinned boolean, p_words text, p_at timestamp with time zone, p_id uuid, p_rows integer) TO ignacio_api;

GRANT SELECT ON TABLE public.citations TO ignacio_api;
GRANT SELECT,INSERT ON TABLE public.citations TO ignacio_worker;
GRANT SELECT ON TABLE public.citations TO ignacio_admin;

GRANT UPDATE(verified) ON TABLE public.citations TO ignacio_worker;

GRANT SELECT,DELETE ON TABLE public.message_feedback TO ignacio_api;
GRANT SELECT ON TABLE public.message_feedback TO ignacio_worker;
GRANT SELECT ON TABLE public.message_feedback TO ignacio_admin;

GRANT INSERT(message_id) ON TABLE public.message_feedback TO ignacio_api;

GRANT INSERT(user_id) ON TABLE public.message_feedback TO ignacio_api;

GRANT INSERT(rating),UPDATE(rating) ON TABLE public.message_feedback TO ignacio_api;

GRANT INSERT(reason),UPDATE(reason) ON TABLE public.message_feedback TO ignacio_api;

GRANT SELECT,INSERT ON TABLE public.message_files TO ignacio_api;
GRANT SELECT ON TABLE public.message_files TO ignacio_worker;
GRANT SELECT ON TABLE public.message_files TO ignacio_admin;

GRANT SELECT ON TABLE public.messages TO ignacio_api;
GRANT SELECT ON TABLE public.messages TO ignacio_worker;
GRANT SELECT ON TABLE public.messages TO ignacio_admin;

GRANT INSERT(id) ON TABLE public.messages TO ignacio_api;
GRANT SELECT(id) ON TABLE public.messages TO ignacio_definer;

GRANT INSERT(conversation_id) ON TABLE public.messages TO ignacio_api;
GRANT SELECT(conversation_id) ON TABLE public.messages TO ignacio_definer;

GRANT INSERT(user_id) ON TABLE public.messages TO ignacio_api;
GRANT SELECT(user_id) ON TABLE public.messages TO ignacio_definer;

GRANT INSERT(content) ON TABLE public.messages TO ignacio_api;
GRANT UPDATE(content) ON TABLE public.messages TO ignacio_worker;

GRANT INSERT(message_type) ON TABLE public.messages TO ignacio_api;

GRANT INSERT(is_from_user) ON TABLE public.messages TO ignacio_api;
GRANT SELECT(is_from_user) ON TABLE public.messages TO ignacio_definer;

GRANT SELECT(created_at) ON TABLE public.messages TO ignacio_definer;

GRANT INSERT(status) ON TABLE public.messages TO ignacio_api;
GRANT UPDATE(status) ON TABLE public.messages TO ignacio_worker;

GRANT INSERT(version) ON TABLE public.messages TO ignacio_api;

GRANT INSERT(replaces) ON TABLE public.messages TO ignacio_api;

GRANT SELECT(replaced_at),UPDATE(replaced_at) ON TABLE public.messages TO ignacio_definer;

GRANT SELECT ON TABLE public.responses TO ignacio_api;
GRANT SELECT ON TABLE public.responses TO ignacio_worker;

GRANT INSERT(id) ON TABLE public.responses TO ignacio_api;
GRANT SELECT(id) ON TABLE public.responses TO ignacio_admin;
GRANT SELECT(id) ON TABLE public.responses TO ignacio_definer;

GRANT INSERT(user_id) ON TABLE public.responses TO ignacio_api;
GRANT SELECT(user_id) ON TABLE public.responses TO ignacio_admin;
GRANT SELECT(user_id) ON TABLE public.responses TO ignacio_definer;

GRANT INSERT(conversation_id) ON TABLE public.responses TO ignacio_api;

GRANT INSERT(message_id) ON TABLE public.responses TO ignacio_api;
GRANT SELECT(message_id) ON TABLE public.responses TO ignacio_admin;

GRANT UPDATE(state) ON TABLE public.responses TO ignacio_worker;
GRANT SELECT(state) ON TABLE public.responses TO ignacio_definer;

GRANT UPDATE(failure) ON TABLE public.responses TO ignacio_worker;

GRANT UPDATE(incomplete_reason) ON TABLE public.responses TO ignacio_worker;

GRANT INSERT(model) ON TABLE public.responses TO ignacio_api;
GRANT UPDATE(model) ON TABLE public.responses TO ignacio_worker;

GRANT UPDATE(instructions_version) ON TABLE public.responses TO ignacio_worker;

GRANT UPDATE(provider_response_id) ON TABLE public.responses TO ignacio_worker;

GRANT UPDATE(provider_cursor) ON TABLE public.responses TO ignacio_worker;

GRANT UPDATE(input_tokens) ON TABLE public.responses TO ignacio_worker;

GRANT UPDATE(cached_tokens) ON TABLE public.responses TO ignacio_worker;

GRANT UPDATE(output_tokens) ON TABLE public.responses TO ignacio_worker;

GRANT UPDATE(reasoning_tokens) ON TABLE public.responses TO ignacio_worker;

GRANT UPDATE(cancel_requested_at) ON TABLE public.responses TO ignacio_api;

GRANT UPDATE(attempts) ON TABLE public.responses TO ignacio_worker;

GRANT UPDATE(next_attempt_at) ON TABLE public.responses TO ignacio_worker;

GRANT UPDATE(lease_owner) ON TABLE public.responses TO ignacio_worker;
GRANT SELECT(lease_owner) ON TABLE public.responses TO ignacio_definer;

GRANT UPDATE(lease_until) ON TABLE public.responses TO ignacio_worker;
GRANT SELECT(lease_until) ON TABLE public.responses TO ignacio_definer;

GRANT UPDATE(lease_epoch) ON TABLE public.responses TO ignacio_worker;
GRANT SELECT(lease_epoch) ON TABLE public.responses TO ignacio_definer;

GRANT UPDATE(started_at) ON TABLE public.responses TO ignacio_worker;

GRANT UPDATE(finished_at) ON TABLE public.responses TO ignacio_worker;

GRANT UPDATE(tools) ON TABLE public.responses TO ignacio_worker;

GRANT UPDATE(first_text_at) ON TABLE public.responses TO ignacio_worker;

GRANT UPDATE(cost_micro) ON TABLE public.responses TO ignacio_worker;

GRANT SELECT ON TABLE public.user_files TO ignacio_api;
GRANT SELECT,DELETE ON TABLE public.user_files TO ignacio_worker;

GRANT INSERT(id) ON TABLE public.user_files TO ignacio_api;
GRANT SELECT(id) ON TABLE public.user_files TO ignacio_admin;

GRANT INSERT(user_id) ON TABLE public.user_files TO ignacio_api;
GRANT SELECT(user_id) ON TABLE public.user_files TO ignacio_admin;
GRANT SELECT(user_id) ON TABLE public.user_files TO ignacio_definer;

GRANT INSERT(file_name),UPDATE(file_name) ON TABLE public.user_files TO ignacio_api;
GRANT SELECT(file_name) ON TABLE public.user_files TO ignacio_admin;

GRANT INSERT(file_path) ON TABLE public.user_files TO ignacio_api;

GRANT INSERT(file_type) ON TABLE public.user_files TO ignacio_api;
GRANT SELECT(file_type) ON TABLE public.user_files TO ignacio_admin;

GRANT UPDATE(file_size) ON TABLE public.user_files TO ignacio_api;
GRANT SELECT(file_size) ON TABLE public.user_files TO ignacio_admin;

GRANT SELECT(created_at) ON TABLE public.user_files TO ignacio_admin;

GRANT SELECT(updated_at) ON TABLE public.user_files TO ignacio_admin;

GRANT UPDATE(openai_file_id) ON TABLE public.user_files TO ignacio_worker;

GRANT UPDATE(openai_vector_store_id) ON TABLE public.user_files TO ignacio_worker;

GRANT UPDATE(openai_uploaded_at) ON TABLE public.user_files TO ignacio_worker;

GRANT UPDATE(openai_sync_status) ON TABLE public.user_files TO ignacio_api;
GRANT UPDATE(openai_sync_status) ON TABLE public.user_files TO ignacio_worker;
GRANT SELECT(openai_sync_status) ON TABLE public.user_files TO ignacio_admin;

GRANT INSERT(conversation_id) ON TABLE public.user_files TO ignacio_api;
GRANT SELECT(conversation_id) ON TABLE public.user_files TO ignacio_admin;

GRANT UPDATE(content_sha256) ON TABLE public.user_files TO ignacio_api;
GRANT SELECT(content_sha256) ON TABLE public.user_files TO ignacio_admin;

GRANT UPDATE(uploaded_at) ON TABLE public.user_files TO ignacio_api;
GRANT SELECT(uploaded_at) ON TABLE public.user_files TO ignacio_admin;
GRANT SELECT(uploaded_at) ON TABLE public.user_files TO ignacio_definer;

GRANT UPDATE(deleted_at) ON TABLE public.user_files TO ignacio_api;
GRANT UPDATE(deleted_at) ON TABLE public.user_files TO ignacio_worker;
GRANT SELECT(deleted_at) ON TABLE public.user_files TO ignacio_admin;
GRANT SELECT(deleted_at) ON TABLE public.user_files TO ignacio_definer;

GRANT UPDATE(purged_at) ON TABLE public.user_files TO ignacio_worker;

GRANT UPDATE(sync_attempts) ON TABLE public.user_files TO ignacio_worker;
GRANT SELECT(sync_attempts) ON TABLE public.user_files TO ignacio_admin;

GRANT UPDATE(sync_error) ON TABLE public.user_files TO ignacio_worker;
GRANT SELECT(sync_error) ON TABLE public.user_files TO ignacio_admin;

GRANT UPDATE(synced_at) ON TABLE public.user_files TO ignacio_worker;
GRANT SELECT(synced_at) ON TABLE public.user_files TO ignacio_admin;

GRANT UPDATE(next_attempt_at) ON TABLE public.user_files TO ignacio_api;
GRANT UPDATE(next_attempt_at) ON TABLE public.user_files TO ignacio_worker;

GRANT UPDATE(lease_owner) ON TABLE public.user_files TO ignacio_worker;

GRANT UPDATE(lease_until) ON TABLE public.user_files TO ignacio_worker;

GRANT UPDATE(lease_epoch) ON TABLE public.user_files TO ignacio_worker;

GRANT SELECT ON TABLE app.message_details TO ignacio_api;
GRANT SELECT ON TABLE app.message_details TO ignacio_worker;
GRANT SELECT ON TABLE app.message_details TO ignacio_admin;

REVOKE ALL ON FUNCTION app.list_messages(p_digest bytea, p_cursor_owner uuid, p_conversation uuid, p_versions boolean, p_at timestamp with time zone, p_id uuid, p_rows integer) FROM PUBLIC;
GRANT ALL ON FUNCTION app.list_messages(p_digest bytea, p_cursor_owner uuid, p_conversation uuid, p_versions boolean, p_at timestamp with time zone, p_id uuid, p_rows integer) TO ignacio_api;

REVOKE ALL ON FUNCTION app.normalize_text(p_text text) FROM PUBLIC;
GRANT ALL ON FUNCTION app.normalize_text(p_text text) TO ignacio_api;

REVOKE ALL ON FUNCTION app.notify_phone_change() FROM PUBLIC;
GRANT ALL ON FUNCTION app.notify_phone_change() TO ignacio_owner;

REVOKE ALL ON FUNCTION app.poll_response_events(p_digests bytea[], p_responses uuid[], p_after bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION app.poll_response_events(p_digests bytea[], p_responses uuid[], p_after bigint[]) TO ignacio_api;

REVOKE ALL ON FUNCTION app.queue_file_purge() FROM PUBLIC;
GRANT ALL ON FUNCTION app.queue_file_purge() TO ignacio_owner;

REVOKE ALL ON FUNCTION app.queue_response_purge() FROM PUBLIC;
GRANT ALL ON FUNCTION app.queue_response_purge() TO ignacio_owner;

REVOKE ALL ON FUNCTION app.queue_store_purge() FROM PUBLIC;
GRANT ALL ON FUNCTION app.queue_store_purge() TO ignacio_owner;

REVOKE ALL ON FUNCTION app.rate_limit_hit(p_checked uuid[], p_counted uuid[], p_windows integer[], p_max integer[]) FROM PUBLIC;
GRANT ALL ON FUNCTION app.rate_limit_hit(p_checked uuid[], p_counted uuid[], p_windows integer[], p_max integer[]) TO ignacio_auth;

REVOKE ALL ON FUNCTION app.rate_limit_wait(p_ids uuid[], p_windows integer[], p_max integer[]) FROM PUBLIC;
GRANT ALL ON FUNCTION app.rate_limit_wait(p_ids uuid[], p_windows integer[], p_max integer[]) TO ignacio_auth;

REVOKE ALL ON FUNCTION app.readable_conversation_id() FROM PUBLIC;
GRANT ALL ON FUNCTION app.readable_conversation_id() TO ignacio_admin;

REVOKE ALL ON FUNCTION app.readable_user_id() FROM PUBLIC;
GRANT ALL ON FUNCTION app.readable_user_id() TO ignacio_admin;

REVOKE ALL ON FUNCTION app.record_audit_event(p_action text, p_actor uuid, p_subject uuid, p_target uuid, p_reason text, p_detail jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION app.record_code_attempt(p_otp uuid, p_session uuid, p_max integer, p_max_in_alarm integer, p_lockout_steps integer[], p_lockout_seconds integer[], p_lockout_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION app.record_code_attempt(p_otp uuid, p_session uuid, p_max integer, p_max_in_alarm integer, p_lockout_steps integer[], p_lockout_seconds integer[], p_lockout_limit integer) TO ignacio_auth;

REVOKE ALL ON FUNCTION app.renew_session(p_digest bytea, p_next bytea, OUT token_hash bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION app.renew_session(p_digest bytea, p_next bytea, OUT token_hash bytea) TO ignacio_api;

REVOKE ALL ON FUNCTION app.request_code(p_otp uuid, p_outbox uuid, p_phone text, p_user uuid, p_session uuid, p_device bytea, p_buckets uuid[], p_windows integer[], p_max integer[], p_max_in_alarm integer, p_lockout_limit integer, p_lifetime integer) FROM PUBLIC;
GRANT ALL ON FUNCTION app.request_code(p_otp uuid, p_outbox uuid, p_phone text, p_user uuid, p_session uuid, p_device bytea, p_buckets uuid[], p_windows integer[], p_max integer[], p_max_in_alarm integer, p_lockout_limit integer, p_lifetime integer) TO ignacio_auth;

REVOKE ALL ON FUNCTION app.require_admin_left() FROM PUBLIC;
GRANT ALL ON FUNCTION app.require_admin_left() TO ignacio_owner;

REVOKE ALL ON FUNCTION app.require_step_up() FROM PUBLIC;
GRANT ALL ON FUNCTION app.require_step_up() TO ignacio_admin;

REVOKE ALL ON FUNCTION app.require_step_up_for_user_change() FROM PUBLIC;
GRANT ALL ON FUNCTION app.require_step_up_for_user_change() TO ignacio_owner;

REVOKE ALL ON FUNCTION app.reserve_usage(p_response uuid, p_model text, p_tokens bigint, p_cost_micro bigint, p_concurrent integer, p_per_ten_minutes integer, p_per_day integer, p_tokens_per_day bigint, p_tokens_per_month bigint, p_cost_micro_per_day bigint, p_cost_micro_per_month bigint, OUT refusal text, OUT retry_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION app.reserve_usage(p_response uuid, p_model text, p_tokens bigint, p_cost_micro bigint, p_concurrent integer, p_per_ten_minutes integer, p_per_day integer, p_tokens_per_day bigint, p_tokens_per_month bigint, p_cost_micro_per_day bigint, p_cost_micro_per_month bigint, OUT refusal text, OUT retry_at timestamp with time zone) TO ignacio_api;

REVOKE ALL ON FUNCTION app.revoke_reused_session(p_digest bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION app.revoke_reused_session(p_digest bytea) TO ignacio_api;
GRANT ALL ON FUNCTION app.revoke_reused_session(p_digest bytea) TO ignacio_admin;

REVOKE ALL ON FUNCTION app.set_updated_at() FROM PUBLIC;

REVOKE ALL ON FUNCTION app.settle_deleted_response() FROM PUBLIC;
GRANT ALL ON FUNCTION app.settle_deleted_response() TO ignacio_owner;

GRANT SELECT ON TABLE public.access_grants TO ignacio_admin;

GRANT INSERT(id) ON TABLE public.access_grants TO ignacio_admin;

GRANT INSERT(admin_id) ON TABLE public.access_grants TO ignacio_admin;
GRANT SELECT(admin_id) ON TABLE public.access_grants TO ignacio_definer;

GRANT INSERT(user_id) ON TABLE public.access_grants TO ignacio_admin;
GRANT SELECT(user_id) ON TABLE public.access_grants TO ignacio_definer;

GRANT INSERT(reason) ON TABLE public.access_grants TO ignacio_admin;
GRANT SELECT(reason) ON TABLE public.access_grants TO ignacio_definer;

GRANT SELECT(expires_at) ON TABLE public.access_grants TO ignacio_definer;

GRANT SELECT(created_at) ON TABLE public.access_grants TO ignacio_definer;

GRANT SELECT ON TABLE public.audit_events TO ignacio_admin;
GRANT SELECT,INSERT ON TABLE public.audit_events TO ignacio_definer;

GRANT SELECT(id) ON TABLE public.audit_events TO ignacio_api;

GRANT SELECT(actor_name) ON TABLE public.audit_events TO ignacio_api;

GRANT SELECT(actor_role) ON TABLE public.audit_events TO ignacio_api;

GRANT SELECT(action) ON TABLE public.audit_events TO ignacio_api;

GRANT SELECT(target_id) ON TABLE public.audit_events TO ignacio_api;

GRANT SELECT(reason) ON TABLE public.audit_events TO ignacio_api;

GRANT SELECT(created_at) ON TABLE public.audit_events TO ignacio_api;

GRANT SELECT ON TABLE public.audit_heads TO ignacio_definer;

GRANT UPDATE(seq) ON TABLE public.audit_heads TO ignacio_definer;

GRANT UPDATE(hash) ON TABLE public.audit_heads TO ignacio_definer;

GRANT SELECT ON TABLE public.conversation_summaries TO ignacio_api;
GRANT SELECT ON TABLE public.conversation_summaries TO ignacio_worker;

GRANT INSERT(conversation_id) ON TABLE public.conversation_summaries TO ignacio_worker;

GRANT INSERT(user_id) ON TABLE public.conversation_summaries TO ignacio_worker;

GRANT INSERT(content),UPDATE(content) ON TABLE public.conversation_summaries TO ignacio_worker;

GRANT INSERT(until_at),UPDATE(until_at) ON TABLE public.conversation_summaries TO ignacio_worker;

GRANT INSERT(until_id),UPDATE(until_id) ON TABLE public.conversation_summaries TO ignacio_worker;

GRANT INSERT(n_messages),UPDATE(n_messages) ON TABLE public.conversation_summaries TO ignacio_worker;

GRANT INSERT(model),UPDATE(model) ON TABLE public.conversation_summaries TO ignacio_worker;

GRANT SELECT ON TABLE public.erasures TO ignacio_admin;
GRANT INSERT ON TABLE public.erasures TO ignacio_definer;

GRANT SELECT,DELETE ON TABLE public.follow_up_jobs TO ignacio_worker;

GRANT SELECT(id) ON TABLE public.follow_up_jobs TO ignacio_definer;

GRANT INSERT(user_id) ON TABLE public.follow_up_jobs TO ignacio_worker;
GRANT SELECT(user_id) ON TABLE public.follow_up_jobs TO ignacio_definer;

GRANT INSERT(conversation_id) ON TABLE public.follow_up_jobs TO ignacio_worker;

GRANT INSERT(kind) ON TABLE public.follow_up_jobs TO ignacio_worker;

GRANT INSERT(message_id) ON TABLE public.follow_up_jobs TO ignacio_worker;

GRANT UPDATE(attempts) ON TABLE public.follow_up_jobs TO ignacio_worker;

GRANT INSERT(next_attempt_at),UPDATE(next_attempt_at) ON TABLE public.follow_up_jobs TO ignacio_worker;

GRANT UPDATE(lease_owner) ON TABLE public.follow_up_jobs TO ignacio_worker;
GRANT SELECT(lease_owner) ON TABLE public.follow_up_jobs TO ignacio_definer;

GRANT UPDATE(lease_until) ON TABLE public.follow_up_jobs TO ignacio_worker;
GRANT SELECT(lease_until) ON TABLE public.follow_up_jobs TO ignacio_definer;

GRANT UPDATE(lease_epoch) ON TABLE public.follow_up_jobs TO ignacio_worker;
GRANT SELECT(lease_epoch) ON TABLE public.follow_up_jobs TO ignacio_definer;

GRANT SELECT,DELETE ON TABLE public.idempotency_keys TO ignacio_api;
GRANT DELETE ON TABLE public.idempotency_keys TO ignacio_worker;
GRANT SELECT,DELETE ON TABLE public.idempotency_keys TO ignacio_admin;

GRANT SELECT(id) ON TABLE public.idempotency_keys TO ignacio_worker;

GRANT INSERT(user_id) ON TABLE public.idempotency_keys TO ignacio_api;
GRANT INSERT(user_id) ON TABLE public.idempotency_keys TO ignacio_admin;

GRANT INSERT(key_hash) ON TABLE public.idempotency_keys TO ignacio_api;
GRANT INSERT(key_hash) ON TABLE public.idempotency_keys TO ignacio_admin;

GRANT INSERT(request_hash),UPDATE(request_hash) ON TABLE public.idempotency_keys TO ignacio_api;
GRANT INSERT(request_hash),UPDATE(request_hash) ON TABLE public.idempotency_keys TO ignacio_admin;

GRANT UPDATE(conversation_id) ON TABLE public.idempotency_keys TO ignacio_api;
GRANT UPDATE(conversation_id) ON TABLE public.idempotency_keys TO ignacio_admin;

GRANT UPDATE(locked_until) ON TABLE public.idempotency_keys TO ignacio_api;
GRANT UPDATE(locked_until) ON TABLE public.idempotency_keys TO ignacio_admin;

GRANT UPDATE(status) ON TABLE public.idempotency_keys TO ignacio_api;
GRANT UPDATE(status) ON TABLE public.idempotency_keys TO ignacio_admin;

GRANT UPDATE(location) ON TABLE public.idempotency_keys TO ignacio_api;
GRANT UPDATE(location) ON TABLE public.idempotency_keys TO ignacio_admin;

GRANT UPDATE(body) ON TABLE public.idempotency_keys TO ignacio_api;
GRANT UPDATE(body) ON TABLE public.idempotency_keys TO ignacio_admin;

GRANT SELECT(created_at) ON TABLE public.idempotency_keys TO ignacio_worker;

GRANT DELETE ON TABLE public.known_devices TO ignacio_api;
GRANT SELECT,INSERT,DELETE ON TABLE public.known_devices TO ignacio_auth;
GRANT DELETE ON TABLE public.known_devices TO ignacio_worker;
GRANT DELETE ON TABLE public.known_devices TO ignacio_admin;

GRANT SELECT(id) ON TABLE public.known_devices TO ignacio_api;
GRANT SELECT(id) ON TABLE public.known_devices TO ignacio_worker;
GRANT SELECT(id) ON TABLE public.known_devices TO ignacio_admin;

GRANT SELECT(user_id) ON TABLE public.known_devices TO ignacio_api;
GRANT SELECT(user_id) ON TABLE public.known_devices TO ignacio_admin;

GRANT UPDATE(name) ON TABLE public.known_devices TO ignacio_auth;

GRANT UPDATE(last_used_at) ON TABLE public.known_devices TO ignacio_auth;

GRANT UPDATE(expires_at) ON TABLE public.known_devices TO ignacio_auth;
GRANT SELECT(expires_at) ON TABLE public.known_devices TO ignacio_worker;

GRANT SELECT,DELETE ON TABLE public.login_failures TO ignacio_auth;
GRANT SELECT,DELETE ON TABLE public.login_failures TO ignacio_worker;
GRANT SELECT,DELETE ON TABLE public.login_failures TO ignacio_admin;

GRANT INSERT(id) ON TABLE public.login_failures TO ignacio_auth;

GRANT UPDATE(failures) ON TABLE public.login_failures TO ignacio_auth;

GRANT UPDATE(paused_until) ON TABLE public.login_failures TO ignacio_auth;

GRANT SELECT ON TABLE public.login_monitor TO ignacio_auth;

GRANT UPDATE(alarm_until) ON TABLE public.login_monitor TO ignacio_auth;

GRANT UPDATE(provider_outage) ON TABLE public.login_monitor TO ignacio_auth;

GRANT UPDATE(provider_outage_at) ON TABLE public.login_monitor TO ignacio_auth;

GRANT UPDATE(checked_at) ON TABLE public.login_monitor TO ignacio_auth;

GRANT SELECT,INSERT ON TABLE public.otp_codes TO ignacio_auth;
GRANT SELECT,DELETE ON TABLE public.otp_codes TO ignacio_worker;

GRANT SELECT(id) ON TABLE public.otp_codes TO ignacio_admin;

GRANT SELECT(user_id) ON TABLE public.otp_codes TO ignacio_admin;

GRANT UPDATE(code_hash) ON TABLE public.otp_codes TO ignacio_auth;

GRANT UPDATE(attempts) ON TABLE public.otp_codes TO ignacio_auth;
GRANT SELECT(attempts) ON TABLE public.otp_codes TO ignacio_admin;

GRANT SELECT(expires_at) ON TABLE public.otp_codes TO ignacio_admin;

GRANT UPDATE(sent_at) ON TABLE public.otp_codes TO ignacio_auth;

GRANT UPDATE(used_at) ON TABLE public.otp_codes TO ignacio_auth;
GRANT SELECT(used_at),UPDATE(used_at) ON TABLE public.otp_codes TO ignacio_admin;

GRANT SELECT(created_at) ON TABLE public.otp_codes TO ignacio_admin;

GRANT UPDATE(redeemed_at) ON TABLE public.otp_codes TO ignacio_auth;
GRANT SELECT(redeemed_at) ON TABLE public.otp_codes TO ignacio_admin;

GRANT SELECT,INSERT ON TABLE public.outbox TO ignacio_auth;
GRANT DELETE ON TABLE public.outbox TO ignacio_worker;

GRANT SELECT(id) ON TABLE public.outbox TO ignacio_worker;
GRANT SELECT(id) ON TABLE public.outbox TO ignacio_admin;

GRANT SELECT(otp_id) ON TABLE public.outbox TO ignacio_worker;
GRANT SELECT(otp_id) ON TABLE public.outbox TO ignacio_admin;

GRANT UPDATE(state) ON TABLE public.outbox TO ignacio_auth;
GRANT SELECT(state) ON TABLE public.outbox TO ignacio_admin;

GRANT UPDATE(attempts) ON TABLE public.outbox TO ignacio_auth;
GRANT SELECT(attempts) ON TABLE public.outbox TO ignacio_admin;

GRANT UPDATE(error) ON TABLE public.outbox TO ignacio_auth;
GRANT SELECT(error) ON TABLE public.outbox TO ignacio_admin;

GRANT UPDATE(provider_message_id) ON TABLE public.outbox TO ignacio_auth;

GRANT UPDATE(next_attempt_at) ON TABLE public.outbox TO ignacio_auth;

GRANT UPDATE(lease_owner) ON TABLE public.outbox TO ignacio_auth;

GRANT UPDATE(lease_until) ON TABLE public.outbox TO ignacio_auth;

GRANT SELECT(created_at) ON TABLE public.outbox TO ignacio_worker;
GRANT SELECT(created_at) ON TABLE public.outbox TO ignacio_admin;

GRANT SELECT(kind) ON TABLE public.outbox TO ignacio_admin;
GRANT INSERT(kind) ON TABLE public.outbox TO ignacio_definer;

GRANT SELECT(user_id) ON TABLE public.outbox TO ignacio_admin;
GRANT INSERT(user_id) ON TABLE public.outbox TO ignacio_definer;

GRANT INSERT(phone_number) ON TABLE public.outbox TO ignacio_definer;

GRANT UPDATE(sent_at) ON TABLE public.outbox TO ignacio_auth;
GRANT SELECT(sent_at) ON TABLE public.outbox TO ignacio_admin;

GRANT UPDATE(delivered_at) ON TABLE public.outbox TO ignacio_auth;
GRANT SELECT(delivered_at) ON TABLE public.outbox TO ignacio_admin;

GRANT UPDATE(read_at) ON TABLE public.outbox TO ignacio_auth;
GRANT SELECT(read_at) ON TABLE public.outbox TO ignacio_admin;

GRANT UPDATE(failed_at) ON TABLE public.outbox TO ignacio_auth;
GRANT SELECT(failed_at) ON TABLE public.outbox TO ignacio_admin;

GRANT UPDATE(is_misconfigured) ON TABLE public.outbox TO ignacio_auth;
GRANT SELECT(is_misconfigured) ON TABLE public.outbox TO ignacio_admin;

GRANT SELECT,DELETE ON TABLE public.purge_queue TO ignacio_worker;
GRANT SELECT ON TABLE public.purge_queue TO ignacio_definer;

GRANT SELECT(id) ON TABLE public.purge_queue TO ignacio_admin;

GRANT SELECT(kind) ON TABLE public.purge_queue TO ignacio_admin;
GRANT INSERT(kind) ON TABLE public.purge_queue TO ignacio_definer;

GRANT INSERT(target) ON TABLE public.purge_queue TO ignacio_definer;

GRANT UPDATE(attempts) ON TABLE public.purge_queue TO ignacio_worker;

GRANT UPDATE(error) ON TABLE public.purge_queue TO ignacio_worker;

GRANT UPDATE(next_attempt_at) ON TABLE public.purge_queue TO ignacio_worker;

GRANT SELECT(erasure_id) ON TABLE public.purge_queue TO ignacio_admin;
GRANT UPDATE(erasure_id) ON TABLE public.purge_queue TO ignacio_definer;

GRANT SELECT ON TABLE public.rate_buckets TO ignacio_auth;
GRANT SELECT,DELETE ON TABLE public.rate_buckets TO ignacio_worker;

GRANT INSERT(id) ON TABLE public.rate_buckets TO ignacio_auth;

GRANT UPDATE(hits) ON TABLE public.rate_buckets TO ignacio_auth;

GRANT SELECT ON TABLE public.response_events TO ignacio_api;
GRANT SELECT,INSERT ON TABLE public.response_events TO ignacio_worker;
GRANT SELECT ON TABLE public.response_events TO ignacio_definer;

GRANT SELECT ON TABLE public.retired_tokens TO ignacio_definer;

GRANT INSERT(session_id) ON TABLE public.retired_tokens TO ignacio_definer;

GRANT INSERT(token_hash) ON TABLE public.retired_tokens TO ignacio_definer;

GRANT SELECT ON TABLE public.seaql_migrations TO ignacio_api;
GRANT SELECT ON TABLE public.seaql_migrations TO ignacio_worker;

GRANT SELECT ON TABLE public.usage_records TO ignacio_api;
GRANT SELECT ON TABLE public.usage_records TO ignacio_worker;
GRANT SELECT ON TABLE public.usage_records TO ignacio_admin;
GRANT SELECT ON TABLE public.usage_records TO ignacio_definer;

GRANT INSERT(id) ON TABLE public.usage_records TO ignacio_worker;
GRANT INSERT(id) ON TABLE public.usage_records TO ignacio_definer;

GRANT INSERT(user_id) ON TABLE public.usage_records TO ignacio_worker;
GRANT INSERT(user_id) ON TABLE public.usage_records TO ignacio_definer;

GRANT INSERT(kind) ON TABLE public.usage_records TO ignacio_worker;
GRANT INSERT(kind) ON TABLE public.usage_records TO ignacio_definer;

GRANT INSERT(model),UPDATE(model) ON TABLE public.usage_records TO ignacio_worker;
GRANT INSERT(model) ON TABLE public.usage_records TO ignacio_definer;

GRANT INSERT(state),UPDATE(state) ON TABLE public.usage_records TO ignacio_worker;
GRANT INSERT(state),UPDATE(state) ON TABLE public.usage_records TO ignacio_definer;

GRANT INSERT(reserved_tokens) ON TABLE public.usage_records TO ignacio_definer;

GRANT INSERT(reserved_micro) ON TABLE public.usage_records TO ignacio_definer;

GRANT INSERT(input_tokens),UPDATE(input_tokens) ON TABLE public.usage_records TO ignacio_worker;

GRANT INSERT(cached_tokens),UPDATE(cached_tokens) ON TABLE public.usage_records TO ignacio_worker;

GRANT INSERT(output_tokens),UPDATE(output_tokens) ON TABLE public.usage_records TO ignacio_worker;
GRANT UPDATE(output_tokens) ON TABLE public.usage_records TO ignacio_definer;

GRANT INSERT(reasoning_tokens),UPDATE(reasoning_tokens) ON TABLE public.usage_records TO ignacio_worker;

GRANT INSERT(cost_micro),UPDATE(cost_micro) ON TABLE public.usage_records TO ignacio_worker;
GRANT UPDATE(cost_micro) ON TABLE public.usage_records TO ignacio_definer;

GRANT INSERT(settled_at),UPDATE(settled_at) ON TABLE public.usage_records TO ignacio_worker;
GRANT UPDATE(settled_at) ON TABLE public.usage_records TO ignacio_definer;

GRANT UPDATE(updated_at) ON TABLE public.usage_records TO ignacio_definer;

GRANT SELECT,INSERT ON TABLE public.user_sessions TO ignacio_auth;
GRANT SELECT,DELETE ON TABLE public.user_sessions TO ignacio_worker;
GRANT SELECT ON TABLE public.user_sessions TO ignacio_definer;

GRANT SELECT(id) ON TABLE public.user_sessions TO ignacio_api;
GRANT SELECT(id) ON TABLE public.user_sessions TO ignacio_admin;

GRANT SELECT(user_id) ON TABLE public.user_sessions TO ignacio_api;
GRANT SELECT(user_id) ON TABLE public.user_sessions TO ignacio_admin;

GRANT UPDATE(token_hash) ON TABLE public.user_sessions TO ignacio_definer;

GRANT SELECT(device_name) ON TABLE public.user_sessions TO ignacio_api;
GRANT SELECT(device_name) ON TABLE public.user_sessions TO ignacio_admin;

GRANT SELECT(expires_at) ON TABLE public.user_sessions TO ignacio_api;
GRANT SELECT(expires_at) ON TABLE public.user_sessions TO ignacio_admin;

GRANT SELECT(idle_expires_at) ON TABLE public.user_sessions TO ignacio_api;
GRANT SELECT(idle_expires_at) ON TABLE public.user_sessions TO ignacio_admin;
GRANT UPDATE(idle_expires_at) ON TABLE public.user_sessions TO ignacio_definer;

GRANT SELECT(last_used_at) ON TABLE public.user_sessions TO ignacio_api;
GRANT SELECT(last_used_at) ON TABLE public.user_sessions TO ignacio_admin;
GRANT UPDATE(last_used_at) ON TABLE public.user_sessions TO ignacio_definer;

GRANT SELECT(revoked_at),UPDATE(revoked_at) ON TABLE public.user_sessions TO ignacio_api;
GRANT UPDATE(revoked_at) ON TABLE public.user_sessions TO ignacio_auth;
GRANT SELECT(revoked_at),UPDATE(revoked_at) ON TABLE public.user_sessions TO ignacio_admin;
GRANT UPDATE(revoked_at) ON TABLE public.user_sessions TO ignacio_definer;

GRANT SELECT(created_at) ON TABLE public.user_sessions TO ignacio_api;
GRANT SELECT(created_at) ON TABLE public.user_sessions TO ignacio_admin;

GRANT SELECT(updated_at) ON TABLE public.user_sessions TO ignacio_api;
GRANT SELECT(updated_at) ON TABLE public.user_sessions TO ignacio_admin;
GRANT UPDATE(updated_at) ON TABLE public.user_sessions TO ignacio_definer;

GRANT SELECT(device_id) ON TABLE public.user_sessions TO ignacio_api;

GRANT SELECT(verified_at) ON TABLE public.user_sessions TO ignacio_api;
GRANT UPDATE(verified_at) ON TABLE public.user_sessions TO ignacio_auth;

GRANT SELECT(renewed_at) ON TABLE public.user_sessions TO ignacio_api;
GRANT UPDATE(renewed_at) ON TABLE public.user_sessions TO ignacio_definer;

GRANT UPDATE(reused_at) ON TABLE public.user_sessions TO ignacio_definer;

GRANT SELECT,INSERT,DELETE ON TABLE public.user_vector_stores TO ignacio_worker;

GRANT SELECT ON TABLE public.webhook_inbox TO ignacio_auth;
GRANT DELETE ON TABLE public.webhook_inbox TO ignacio_worker;

GRANT SELECT(id) ON TABLE public.webhook_inbox TO ignacio_worker;

GRANT INSERT(digest) ON TABLE public.webhook_inbox TO ignacio_auth;

GRANT INSERT(body),UPDATE(body) ON TABLE public.webhook_inbox TO ignacio_auth;

GRANT UPDATE(processed_at) ON TABLE public.webhook_inbox TO ignacio_auth;

GRANT UPDATE(error) ON TABLE public.webhook_inbox TO ignacio_auth;

GRANT SELECT(created_at) ON TABLE public.webhook_inbox TO ignacio_worker;
