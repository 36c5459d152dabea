-- The hot reads in one round trip: prove the session, set the identity, return the rows. They run
-- with the caller's rights, so the policies stay in force.

create function app.whoami(p_digest bytea) returns setof public.users
    language plpgsql volatile set search_path = '' as $$
begin
    perform app.enter(p_digest);
    return query select u.* from public.users u where u.id = (select app.current_user_id());
end $$;

-- A cursor belongs to the person it was made for.
create function app.enter_list(p_digest bytea, p_cursor_owner uuid) returns uuid
    language plpgsql volatile set search_path = '' as $$
declare
    v_user uuid;
begin
    select e.user_id into v_user from app.enter(p_digest) e;
    if p_cursor_owner is not null and p_cursor_owner <> v_user then
        raise exception using errcode = 'IG400', message = 'a cursor of somebody else';
    end if;
    return v_user;
end $$;

create function app.list_conversations(
    p_digest bytea, p_cursor_owner uuid, p_archived boolean, p_at timestamptz, p_id uuid,
    p_rows integer
) returns setof public.conversations
    language plpgsql volatile set search_path = '' as $$
declare
    v_user uuid := app.enter_list(p_digest, p_cursor_owner);
begin
    return query
    select c.* from public.conversations c
     where c.user_id = v_user
       and c.archived = p_archived
       and (c.active_at, c.id) < (p_at, p_id)
     order by c.active_at desc, c.id desc
     limit p_rows;
end $$;

-- A message with what hangs on it. It runs with the reader's rights, so the policies narrow each of
-- its parts.
create view app.whole_messages with (security_invoker = true) as
select m.id, m.user_id, m.conversation_id, m.content, m.is_from_user, m.status, m.created_at,
       case when not m.is_from_user then
           (select r.id from public.responses r where r.message_id = m.id)
       end as response_id,
       case when m.is_from_user then
           (select jsonb_agg(
                       jsonb_build_object(
                           'id', f.id, 'name', f.file_name, 'media_type', f.file_type)
                       order by f.id)
              from public.message_files mf
              join public.user_files f on f.user_id = mf.user_id and f.id = mf.file_id
             where mf.message_id = m.id and f.deleted_at is null)
       end as attachments,
       case when not m.is_from_user then
           (select jsonb_agg(
                       jsonb_build_object(
                           'file_id', c.file_id, 'file_name', c.file_name, 'quote', c.quote,
                           'position', c.position)
                       order by c.position, c.id)
              from public.citations c
             where c.message_id = m.id)
       end as citations
  from public.messages m;
grant select on app.whole_messages to ignacio_api, ignacio_worker;

create function app.list_messages(
    p_digest bytea, p_cursor_owner uuid, p_conversation uuid, p_at timestamptz, p_id uuid,
    p_rows integer
) returns setof app.whole_messages
    language plpgsql volatile set search_path = '' as $$
declare
    v_user uuid := app.enter_list(p_digest, p_cursor_owner);
begin
    perform 1 from public.conversations c where c.user_id = v_user and c.id = p_conversation;
    if not found then
        raise exception using errcode = 'IG404', message = 'no such conversation';
    end if;
    return query
    select m.* from app.whole_messages m
     where m.user_id = v_user
       and m.conversation_id = p_conversation
       and (m.created_at, m.id) < (p_at, p_id)
     order by m.created_at desc, m.id desc
     limit p_rows;
end $$;

revoke all on function app.whoami(bytea), app.enter_list(bytea, uuid),
    app.list_conversations(bytea, uuid, boolean, timestamptz, uuid, integer),
    app.list_messages(bytea, uuid, uuid, timestamptz, uuid, integer) from public;
grant execute on function app.whoami(bytea), app.enter_list(bytea, uuid),
    app.list_conversations(bytea, uuid, boolean, timestamptz, uuid, integer),
    app.list_messages(bytea, uuid, uuid, timestamptz, uuid, integer) to ignacio_api;

-- The tail of many replies at once, for all the streams of a process: one query, each slot judged
-- by its own session. A slot whose session or response is gone says so.
grant select on response_events to ignacio_definer;
grant select (state) on responses to ignacio_definer;
create policy response_events_definer_select on response_events
    for select to ignacio_definer using (true);
grant create on schema app to ignacio_definer;
set local role ignacio_definer;
create function app.tail_responses(
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
                where s.token_hash = t.digest
                  and s.revoked_at is null
                  and s.expires_at > pg_catalog.now()
                  and s.idle_expires_at > pg_catalog.now()
                  and u.is_active
           ) s on true
      left join public.responses r on r.id = t.response and r.user_id = s.user_id
      left join public.response_events e on e.response_id = r.id and e.seq > t.after
     order by t.slot, e.seq
$$;
revoke all on function app.tail_responses(bytea[], uuid[], bigint[]) from public;
grant execute on function app.tail_responses(bytea[], uuid[], bigint[]) to ignacio_api;
set local role ignacio_owner;
revoke create on schema app from ignacio_definer;
