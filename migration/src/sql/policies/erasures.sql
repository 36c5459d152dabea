-- Admins read receipts; only `app.erase_user` writes them.
grant select on erasures to ignacio_admin;
create policy erasures_admin_select on erasures
    for select to ignacio_admin using ((select app.is_admin()));

grant insert on erasures to ignacio_definer;
create policy erasures_definer_insert on erasures
    for insert to ignacio_definer with check (true);
