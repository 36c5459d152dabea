drop function app.list_messages(bytea, uuid, uuid, boolean, timestamptz, uuid, integer);
drop function
    app.list_conversations(bytea, uuid, boolean, boolean, text, timestamptz, uuid, integer);
drop function app.plain(text);
drop view app.whole_messages;
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
grant select on app.whole_messages to ignacio_api, ignacio_worker, ignacio_admin;

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

revoke all on function
    app.list_conversations(bytea, uuid, boolean, timestamptz, uuid, integer),
    app.list_messages(bytea, uuid, uuid, timestamptz, uuid, integer) from public;
grant execute on function
    app.list_conversations(bytea, uuid, boolean, timestamptz, uuid, integer),
    app.list_messages(bytea, uuid, uuid, timestamptz, uuid, integer) to ignacio_api;

drop policy citations_worker_update on citations;
revoke update (verified) on citations from ignacio_worker;
alter table citations drop column verified;
drop table message_feedback;

grant create on schema app to ignacio_definer;
set local role ignacio_definer;
create or replace function app.count_message() returns trigger
    language plpgsql security definer set search_path = '' as $$
begin
    update public.conversations c
       set message_count = c.message_count + 1,
           last_message_at = greatest(c.last_message_at, new.created_at)
     where c.user_id = new.user_id and c.id = new.conversation_id;
    return null;
end $$;
set local role ignacio_owner;
revoke create on schema app from ignacio_definer;
drop policy messages_definer_update on messages;
drop policy messages_definer_select on messages;
revoke all (id, user_id, conversation_id, is_from_user, created_at, replaced_at) on messages
    from ignacio_definer;
-- Earlier versions have no place in what was there before.
delete from messages where replaced_at is not null;
alter table messages drop column version, drop column replaces, drop column replaced_at;
