alter table users no force row level security;
delete from users where id = '00000000-0000-0000-0000-000000000000';
alter table users force row level security;
