-- Admins grant themselves access, in their own name, for half an hour. Nobody changes or removes a
-- grant.
grant select, insert (id, admin_id, user_id, reason) on access_grants to ignacio_admin;
create policy access_grants_admin_select on access_grants
    for select to ignacio_admin using ((select app.is_admin()));
create policy access_grants_admin_insert on access_grants
    for insert to ignacio_admin
    with check ((select app.is_admin()) and admin_id = (select app.current_user_id()));

grant
    select (admin_id, user_id, reason, expires_at, created_at)
    on access_grants to ignacio_definer;
create policy access_grants_definer_select on access_grants
    for select to ignacio_definer using (true);
