-- One row that names no user, for the worker's login role.
grant
    select,
    update (alarm_until, provider_outage, provider_outage_at, checked_at)
    on login_monitor to ignacio_auth;
create policy login_monitor_auth_select on login_monitor for select to ignacio_auth using (true);
create policy login_monitor_auth_update on login_monitor
    for update to ignacio_auth using (true) with check (true);
