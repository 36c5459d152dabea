-- The temporary user of the log. It exists for old references only: its number is none, and no
-- policy lets it have a session.
set local role ignacio_seeder;
insert into users (id, phone_number, name)
values ('00000000-0000-0000-0000-000000000000', '+0000000000', 'Temporary Test User')
on conflict do nothing;
set local role ignacio_owner;
