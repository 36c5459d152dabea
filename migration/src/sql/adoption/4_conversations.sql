-- Conversations of people who exist.
insert into public.conversations (id, user_id, title, created_at, updated_at)
select c.id, p.keeper, left(c.title, 255),
       coalesce(c.created_at, c.updated_at, now()), coalesce(c.updated_at, c.created_at, now())
  from legacy.adoption_conversations c
  join legacy.adoption_people p on p.id = c.user_id;

insert into legacy.adoption_report (table_name, what, row_id, original)
select 'conversations', told.what, c.id, told.original
  from legacy.adoption_conversations c
  left join legacy.adoption_people p on p.id = c.user_id
  cross join lateral (values
      (p.id is null, 'belong to nobody and stay in legacy.conversations', c.user_id::text),
      (p.id is not null and length(c.title) > 255,
       'have a title that was cut to 255 characters', c.title)
  ) told (is_so, what, original)
 where told.is_so
 order by c.created_at nulls last, c.id;

insert into legacy.adoption_counts (table_name, found, kept, left_over)
select 'conversations', count(*), count(p.id), count(*) - count(p.id)
  from legacy.adoption_conversations c
  left join legacy.adoption_people p on p.id = c.user_id
having to_regclass('legacy.conversations') is not null;
