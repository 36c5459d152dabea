-- A reply may be made anew and the last question put differently: the newer message takes the place
-- of the older one and of what came after it, which stay as earlier versions. Feedback on replies.
alter table messages
    add column version     integer not null default 1,
    -- The version before; of the same author, in the same conversation.
    add column replaces    uuid,
    add column replaced_at timestamptz;
grant insert (version, replaces) on messages to ignacio_api;

grant select (id, user_id, conversation_id, is_from_user, created_at, replaced_at) on messages
    to ignacio_definer;
grant update (replaced_at) on messages to ignacio_definer;
create policy messages_definer_select on messages for select to ignacio_definer using (true);
create policy messages_definer_update on messages
    for update to ignacio_definer using (true) with check (true);

grant create on schema app to ignacio_definer;
set local role ignacio_definer;
-- The database keeps the counts, whoever writes: of the versions that count now.
create or replace function app.count_message() returns trigger
    language plpgsql security definer set search_path = '' as $$
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
set local role ignacio_owner;
revoke create on schema app from ignacio_definer;

create table message_feedback (
    message_id uuid primary key references messages (id) on delete cascade,
    user_id    uuid not null references users (id) on delete cascade,
    rating     text not null constraint message_feedback_rating_check check (rating in ('up', 'down')),
    reason     text constraint message_feedback_reason_check check (char_length(reason) <= 1000),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index message_feedback_user_idx on message_feedback (user_id);
create trigger message_feedback_updated_at before update on message_feedback
    for each row execute function app.set_updated_at();
alter table message_feedback enable row level security;
alter table message_feedback force row level security;
grant select, insert (message_id, user_id, rating, reason), update (rating, reason), delete
    on message_feedback to ignacio_api;
create policy message_feedback_api_select on message_feedback
    for select to ignacio_api using (user_id = (select app.current_user_id()));
create policy message_feedback_api_insert on message_feedback
    for insert to ignacio_api
    with check (
        user_id = (select app.current_user_id())
        and exists (
            select 1 from messages m
             where m.id = message_id and m.user_id = message_feedback.user_id
               and not m.is_from_user));
create policy message_feedback_api_update on message_feedback
    for update to ignacio_api using (user_id = (select app.current_user_id()))
    with check (user_id = (select app.current_user_id()));
create policy message_feedback_api_delete on message_feedback
    for delete to ignacio_api using (user_id = (select app.current_user_id()));
-- It hangs on a message, also for who writes the reply or reads under a grant.
grant select on message_feedback to ignacio_worker, ignacio_admin;
create policy message_feedback_worker_select on message_feedback
    for select to ignacio_worker using (user_id = (select app.leased_user_id()));
create policy message_feedback_admin_select on message_feedback
    for select to ignacio_admin
    using (
        user_id = (select app.read_user_id())
        and exists (select 1 from messages m where m.id = message_id offset 0));

-- Whether the quote stands in the document, where that could be looked up.
alter table citations add column verified boolean;
grant update (verified) on citations to ignacio_worker;
create policy citations_worker_update on citations
    for update to ignacio_worker using (user_id = (select app.leased_user_id()))
    with check (user_id = (select app.leased_user_id()));

create or replace view app.whole_messages with (security_invoker = true) as
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
                           'position', c.position, 'verified', c.verified)
                       order by c.position, c.id)
              from public.citations c
             where c.message_id = m.id)
       end as citations,
       m.version, m.replaces, m.replaced_at,
       case when not m.is_from_user then
           (select jsonb_build_object('rating', f.rating, 'reason', f.reason)
              from public.message_feedback f
             where f.message_id = m.id)
       end as feedback
  from public.messages m;

drop function app.list_messages(bytea, uuid, uuid, timestamptz, uuid, integer);
create function app.list_messages(
    p_digest bytea, p_cursor_owner uuid, p_conversation uuid, p_versions boolean, p_at timestamptz,
    p_id uuid, p_rows integer
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
       and (p_versions or m.replaced_at is null)
       and (m.created_at, m.id) < (p_at, p_id)
     order by m.created_at desc, m.id desc
     limit p_rows;
end $$;

-- As people type it on a phone: without capitals and accents.
create function app.plain(p_text text) returns text
    language sql immutable strict set search_path = '' as $$
    select pg_catalog.translate(
        pg_catalog.lower(p_text), 'áàâäãéèêëíìîïóòôöõúùûüñç', 'aaaaaeeeeiiiiooooouuuunc')
$$;

drop function app.list_conversations(bytea, uuid, boolean, timestamptz, uuid, integer);
create function app.list_conversations(
    p_digest bytea, p_cursor_owner uuid, p_archived boolean, p_pinned boolean, p_words text,
    p_at timestamptz, p_id uuid, p_rows integer
) returns setof public.conversations
    language plpgsql volatile set search_path = '' as $$
declare
    v_user  uuid := app.enter_list(p_digest, p_cursor_owner);
    v_words text := app.plain(p_words);
begin
    return query
    select c.* from public.conversations c
     where c.user_id = v_user
       and c.archived = p_archived
       and (p_pinned is null or c.pinned = p_pinned)
       and (v_words is null
            or pg_catalog.strpos(app.plain(c.title), v_words) > 0
            or exists (
                select 1 from public.messages m
                 where m.user_id = v_user
                   and m.conversation_id = c.id
                   and m.replaced_at is null
                   and pg_catalog.strpos(app.plain(m.content), v_words) > 0))
       and (c.active_at, c.id) < (p_at, p_id)
     order by c.active_at desc, c.id desc
     limit p_rows;
end $$;

revoke all on function app.plain(text),
    app.list_conversations(bytea, uuid, boolean, boolean, text, timestamptz, uuid, integer),
    app.list_messages(bytea, uuid, uuid, boolean, timestamptz, uuid, integer) from public;
grant execute on function app.plain(text),
    app.list_conversations(bytea, uuid, boolean, boolean, text, timestamptz, uuid, integer),
    app.list_messages(bytea, uuid, uuid, boolean, timestamptz, uuid, integer) to ignacio_api;
