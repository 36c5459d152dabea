-- The temporary user of the log. It exists only for old references: its phone number is no number,
-- and no policy lets it have a session. Row level security binds the owner too, so it is not forced
-- for this one statement.
alter table users no force row level security;
insert into users (id, phone_number, name)
values ('00000000-0000-0000-0000-000000000000', '+0000000000', 'Temporary Test User')
on conflict do nothing;
alter table users force row level security;
