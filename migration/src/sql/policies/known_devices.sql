-- The login finds and keeps devices. Whoever revokes the session of a device also forgets the
-- device.
grant select (id, user_id), delete on known_devices to ignacio_api;
create policy known_devices_api_select on known_devices
    for select to ignacio_api using (user_id = (select app.current_user_id()));
create policy known_devices_api_delete on known_devices
    for delete to ignacio_api using (user_id = (select app.current_user_id()));

grant
    select,
    insert,
    update (name, last_used_at, expires_at),
    delete
    on known_devices to ignacio_auth;
create policy known_devices_auth_select on known_devices for select to ignacio_auth using (true);
create policy known_devices_auth_insert on known_devices for insert to ignacio_auth
    with check (user_id <> '00000000-0000-0000-0000-000000000000');
create policy known_devices_auth_update on known_devices
    for update to ignacio_auth using (true) with check (true);
create policy known_devices_auth_delete on known_devices for delete to ignacio_auth using (true);

grant select (id, expires_at), delete on known_devices to ignacio_worker;
create policy known_devices_worker_select on known_devices
    for select to ignacio_worker using (expires_at < now());
create policy known_devices_worker_delete on known_devices
    for delete to ignacio_worker using (expires_at < now());

grant select (id, user_id), delete on known_devices to ignacio_admin;
create policy known_devices_admin_select on known_devices
    for select to ignacio_admin using ((select app.is_admin()));
create policy known_devices_admin_delete on known_devices
    for delete to ignacio_admin using ((select app.is_admin()));
