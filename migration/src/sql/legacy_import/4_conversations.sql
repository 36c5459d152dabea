-- Conversations of users who exist.
insert into public.conversations (id, user_id, title, created_at, updated_at)
select c.id, p.keeper, left(c.title, 255),
       coalesce(c.created_at, c.updated_at, now()), coalesce(c.updated_at, c.created_at, now())
  from legacy.import_conversations c
  join legacy.import_user_map p on p.id = c.user_id;

insert into legacy.import_report (table_name, what, row_id, original)
select 'conversations', notice.what, c.id, notice.original
  from legacy.import_conversations c
  left join legacy.import_user_map p on p.id = c.user_id
  cross join lateral (values
      (p.id is null, 'belong to no user and stay in legacy.conversations', c.user_id::text),
      (p.id is not null and length(c.title) > 255,
       'have a title that was cut to 255 characters', c.title)
  ) notice (is_so, what, original)
 where notice.is_so
 order by c.created_at nulls last, c.id;

insert into legacy.import_counts (table_name, found, kept, left_over)
select 'conversations', count(*), count(p.id), count(*) - count(p.id)
  from legacy.import_conversations c
  left join legacy.import_user_map p on p.id = c.user_id
having to_regclass('legacy.conversations') is not null;
