-- A page of a conversation, the latest message first. Raises IGNFD if the caller has no such
-- conversation.
create or replace function app.list_messages(
    p_digest bytea, p_cursor_owner uuid, p_conversation uuid, p_versions boolean, p_at timestamptz,
    p_id uuid, p_rows integer
) returns setof app.message_details
    language plpgsql volatile set search_path = '' as $$
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
revoke all on function app.list_messages(bytea, uuid, uuid, boolean, timestamptz, uuid, integer)
    from public;
grant execute on function app.list_messages(bytea, uuid, uuid, boolean, timestamptz, uuid,
    integer) to ignacio_api;
