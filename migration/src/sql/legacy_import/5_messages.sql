-- Messages of conversations that were kept, in their order. A message belongs to the owner of its
-- conversation.
insert into public.messages
    (id, conversation_id, user_id, content, message_type, is_from_user, created_at, updated_at)
select m.id, c.id, c.user_id, coalesce(m.content, ''),
       case when m.message_type in ('text', 'image', 'audio', 'video', 'document')
            then m.message_type else 'text' end,
       coalesce(m.is_from_user, true),
       coalesce(m.created_at, m.updated_at, now()), coalesce(m.updated_at, m.created_at, now())
  from legacy.import_messages m
  join public.conversations c on c.id = m.conversation_id;

-- The trigger that counts messages does not exist yet.
update public.conversations c
   set message_count = m.messages, last_message_at = m.last_at
  from (select conversation_id, count(*) as messages, max(created_at) as last_at
          from public.messages group by conversation_id) m
 where c.id = m.conversation_id;

insert into legacy.import_report (table_name, what, row_id, original)
select 'messages', notice.what, m.id, notice.original
  from legacy.import_messages m
  left join public.conversations c on c.id = m.conversation_id
  left join legacy.import_user_map p on p.id = m.user_id
  cross join lateral (values
      (c.id is null, 'are in no imported conversation and stay in legacy.messages',
       m.conversation_id::text),
      (c.id is not null and m.user_id is not null and p.keeper is distinct from c.user_id,
       'name another user than their conversation: now its owner''s', m.user_id::text),
      (c.id is not null and coalesce(m.message_type, '')
           not in ('text', 'image', 'audio', 'video', 'document'),
       'had no known type: now text', m.message_type),
      (c.id is not null and m.content is null, 'had no content: now empty', null),
      (c.id is not null and m.is_from_user is null,
       'had no value in is_from_user: now the user''s', null)
  ) notice (is_so, what, original)
 where notice.is_so
 order by m.created_at nulls last, m.id;

insert into legacy.import_counts (table_name, found, kept, left_over)
select 'messages', count(*), count(c.id), count(*) - count(c.id)
  from legacy.import_messages m
  left join public.conversations c on c.id = m.conversation_id
having to_regclass('legacy.messages') is not null;
