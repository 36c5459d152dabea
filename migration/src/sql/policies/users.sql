-- Users see and change their own row. Admins may change every user except themselves and the
-- temporary user.
grant select, update (name, locale, web_search) on users to ignacio_api;
create policy users_api_select on users
    for select to ignacio_api using (id = (select app.current_user_id()));
create policy users_api_update on users
    for update to ignacio_api using (id = (select app.current_user_id()))
    with check (id = (select app.current_user_id()));

grant
    select (id, phone_number, name, is_admin, is_active, created_at, updated_at, locale,
        unreachable_at, web_search),
    update (unreachable_at)
    on users to ignacio_auth;
create policy users_auth_select on users for select to ignacio_auth using (true);
create policy users_auth_update on users for update to ignacio_auth
    using (true) with check (true);

grant
    select (id, phone_number, name, is_admin, created_at, updated_at, locale, web_search)
    on users to ignacio_worker;
create policy users_worker_select on users
    for select to ignacio_worker using (id = (select app.leased_user_id()));

grant
    select,
    insert (id, phone_number, name, is_admin, locale),
    update (phone_number, name, is_admin, is_active, locale)
    on users to ignacio_admin;
create policy users_admin_select on users
    for select to ignacio_admin using ((select app.is_admin()));
create policy users_admin_insert on users
    for insert to ignacio_admin with check ((select app.is_admin()));
create policy users_admin_update on users
    for update to ignacio_admin
    using (
        (select app.is_admin()) and id <> (select app.current_user_id())
        and id <> '00000000-0000-0000-0000-000000000000')
    with check (
        (select app.is_admin()) and id <> (select app.current_user_id())
        and id <> '00000000-0000-0000-0000-000000000000');

grant select (id, name, is_admin, is_active, locale), delete on users to ignacio_definer;
create policy users_definer_select on users for select to ignacio_definer using (true);
create policy users_definer_delete on users for delete to ignacio_definer using (true);

grant select, insert on users to ignacio_seeder;
create policy users_seeder_select on users for select to ignacio_seeder using (true);
create policy users_seeder_insert on users for insert to ignacio_seeder with check (true);
