-- The login counts. Admins see how it stands with a phone number, and end a lockout.
grant
    select,
    insert (id),
    update (failures, paused_until),
    delete
    on login_failures to ignacio_auth;
create policy login_failures_auth_select on login_failures
    for select to ignacio_auth using (true);
create policy login_failures_auth_insert on login_failures for insert to ignacio_auth
    with check (failures = 0);
create policy login_failures_auth_update on login_failures
    for update to ignacio_auth using (true) with check (true);
create policy login_failures_auth_delete on login_failures
    for delete to ignacio_auth using (true);

grant select, delete on login_failures to ignacio_worker;
create policy login_failures_worker_select on login_failures
    for select to ignacio_worker using (updated_at < now() - interval '400 days');
create policy login_failures_worker_delete on login_failures
    for delete to ignacio_worker using (updated_at < now() - interval '400 days');

grant select, delete on login_failures to ignacio_admin;
create policy login_failures_admin_select on login_failures
    for select to ignacio_admin using ((select app.is_admin()));
create policy login_failures_admin_delete on login_failures
    for delete to ignacio_admin using ((select app.is_admin()));
