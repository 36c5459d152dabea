-- A page of the caller's conversations, the latest first, optionally only those that contain a
-- text.
create or replace function app.list_conversations(
    p_digest bytea, p_cursor_owner uuid, p_archived boolean, p_pinned boolean, p_words text,
    p_at timestamptz, p_id uuid, p_rows integer
) returns setof public.conversations
    language plpgsql volatile set search_path = '' as $$
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
revoke all on function app.list_conversations(bytea, uuid, boolean, boolean, text, timestamptz,
    uuid, integer) from public;
grant execute on function app.list_conversations(bytea, uuid, boolean, boolean, text, timestamptz,
    uuid, integer) to ignacio_api;
