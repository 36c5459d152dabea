-- Users. The same phone number twice is the same user: the oldest row stays, the others are merged
-- into it.
create table legacy.import_user_map (id uuid primary key, keeper uuid not null, number text);
insert into legacy.import_user_map
select id,
       first_value(id) over (
           partition by coalesce(number, id::text) order by at nulls last, id),
       number
  from (select id, coalesce(created_at, updated_at) as at,
               case when id <> '00000000-0000-0000-0000-000000000000'
                    then legacy.import_number(phone_number) end as number
          from legacy.import_users) u;

insert into public.users (id, phone_number, name, is_admin, is_active, created_at, updated_at)
select p.keeper,
       coalesce(min(p.number), '+0' || to_char(
           row_number() over (partition by min(p.number) is null order by p.keeper),
           'FM0000000000')),
       left(coalesce(
           (array_agg(u.name order by p.id <> p.keeper, u.created_at nulls last, u.id)
                filter (where u.name ~ '\S'))[1], 'Sin nombre'), 255),
       bool_and(coalesce(u.is_admin, false)),
       bool_and(coalesce(u.is_active, false))
           and min(p.number) is not null and min(p.number) <> '+1234567890',
       coalesce(min(coalesce(u.created_at, u.updated_at)) filter (where p.id = p.keeper), now()),
       coalesce(min(coalesce(u.updated_at, u.created_at)) filter (where p.id = p.keeper), now())
  from legacy.import_user_map p
  join legacy.import_users u on u.id = p.id
 where p.keeper <> '00000000-0000-0000-0000-000000000000'
 group by p.keeper;
-- 004 has created the temporary user; only its times are older.
update public.users n
   set created_at = coalesce(u.created_at, u.updated_at, n.created_at),
       updated_at = coalesce(u.updated_at, u.created_at, n.updated_at)
  from legacy.import_users u
 where n.id = '00000000-0000-0000-0000-000000000000' and u.id = n.id;
-- What belongs to the temporary user stays with it, even if its row was lost.
insert into legacy.import_user_map
values ('00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000', null)
on conflict do nothing;

insert into legacy.import_report (table_name, what, row_id, original)
select 'users', notice.what, u.id, notice.original
  from legacy.import_users u
  join legacy.import_user_map p on p.id = u.id
  cross join lateral (values
      (p.keeper <> u.id,
       'have the number of an older user and were merged into it',
       (to_jsonb(u) || jsonb_build_object('merged_into', p.keeper))::text),
      (p.number is null and u.id <> '00000000-0000-0000-0000-000000000000',
       'have a number that cannot be read: now inactive, with a placeholder number',
       coalesce(u.phone_number, '')),
      (p.number <> u.phone_number,
       'had a number in another form: now in the form +573001110001', u.phone_number),
      (p.number = '+1234567890' and u.is_active,
       'are the default user of the old script: now inactive', u.phone_number),
      (u.is_active is null, 'had no value in is_active: now inactive', null),
      (u.is_admin is null, 'had no value in is_admin: now participants', null),
      (u.id = p.keeper and coalesce(u.name !~ '\S', true),
       'have no name: now the name of a merged user, or Sin nombre', u.name),
      (u.id = p.keeper and length(u.name) > 255, 'have a name that was cut to 255 characters',
       u.name),
      (u.id = '00000000-0000-0000-0000-000000000000'
           and (u.phone_number, u.name, u.is_admin)
               is distinct from ('+0000000000', 'Temporary Test User', false),
       'are the temporary user, whose number, name and rights were restored',
       to_jsonb(u)::text)
  ) notice (is_so, what, original)
 where notice.is_so
 order by u.created_at nulls last, u.id;

insert into legacy.import_report (table_name, what, row_id)
select 'users', notice.what, notice.keeper
  from (select p.keeper,
               bool_or(coalesce(u.is_admin, false)) and not bool_and(coalesce(u.is_admin, false))
                   as lost_admin,
               bool_or(coalesce(u.is_active, false)) and not bool_and(coalesce(u.is_active, false))
                   as lost_active
          from legacy.import_user_map p join legacy.import_users u on u.id = p.id
         group by p.keeper) merged
  cross join lateral (values
      (lost_admin, 'are no longer admins: not all of the merged users were', keeper),
      (lost_active, 'are now inactive: not all of the merged users were active', keeper)
  ) notice (is_so, what, keeper)
 where notice.is_so;
insert into legacy.import_report (table_name, what)
select 'users', 'no active admin is left: create one with `ignacio admin create`'
 where exists (select 1 from legacy.import_users)
   and not exists (select 1 from public.users where is_admin and is_active);

insert into legacy.import_counts (table_name, found, kept, merged)
select 'users', count(*), count(*) filter (where p.keeper = u.id),
       count(*) filter (where p.keeper <> u.id)
  from legacy.import_users u join legacy.import_user_map p on p.id = u.id
having to_regclass('legacy.users') is not null;
