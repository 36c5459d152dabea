-- The owner sees no rows, so for this one statement it is let in.
grant delete on users to ignacio_seeder;
create policy users_seeder_delete on users for delete to ignacio_seeder
    using (id = '00000000-0000-0000-0000-000000000000');
set local role ignacio_seeder;
delete from users where id = '00000000-0000-0000-0000-000000000000';
set local role ignacio_owner;
drop policy users_seeder_delete on users;
revoke delete on users from ignacio_seeder;
