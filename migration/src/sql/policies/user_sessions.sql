-- The owner sees sessions without their digests, and revokes them. The login opens them.
grant
    select (id, user_id, device_name, expires_at, idle_expires_at, last_used_at, revoked_at,
        created_at, updated_at, device_id, verified_at, renewed_at),
    update (revoked_at)
    on user_sessions to ignacio_api;
create policy user_sessions_api_select on user_sessions
    for select to ignacio_api using (user_id = (select app.current_user_id()));
create policy user_sessions_api_update on user_sessions
    for update to ignacio_api using (user_id = (select app.current_user_id()))
    with check (user_id = (select app.current_user_id()));

grant select, insert, update (revoked_at, verified_at) on user_sessions to ignacio_auth;
create policy user_sessions_auth_select on user_sessions
    for select to ignacio_auth using (true);
-- The temporary user never gets a session, whatever the program does.
create policy user_sessions_auth_insert on user_sessions
    for insert to ignacio_auth with check (user_id <> '00000000-0000-0000-0000-000000000000');
create policy user_sessions_auth_update on user_sessions
    for update to ignacio_auth using (true) with check (true);

grant select, delete on user_sessions to ignacio_worker;
create policy user_sessions_worker_select on user_sessions
    for select to ignacio_worker using (expires_at < now() - interval '7 days');
create policy user_sessions_worker_delete on user_sessions
    for delete to ignacio_worker using (expires_at < now() - interval '7 days');

grant
    select (id, user_id, device_name, expires_at, idle_expires_at, last_used_at, revoked_at,
        created_at, updated_at),
    update (revoked_at)
    on user_sessions to ignacio_admin;
create policy user_sessions_admin_select on user_sessions
    for select to ignacio_admin using ((select app.is_admin()));
create policy user_sessions_admin_update on user_sessions
    for update to ignacio_admin using ((select app.is_admin()))
    with check ((select app.is_admin()));

grant
    select,
    update (token_hash, idle_expires_at, last_used_at, revoked_at, updated_at, renewed_at,
        reused_at)
    on user_sessions to ignacio_definer;
create policy user_sessions_definer_select on user_sessions
    for select to ignacio_definer using (true);
create policy user_sessions_definer_update on user_sessions
    for update to ignacio_definer using (true) with check (true);
