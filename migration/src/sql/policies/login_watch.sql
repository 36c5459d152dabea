grant
    select,
    update (alarm_until, sender_fault, sender_fault_at, checked_at)
    on login_watch to ignacio_auth;
create policy login_watch_auth_select on login_watch for select to ignacio_auth using (true);
create policy login_watch_auth_update on login_watch
    for update to ignacio_auth using (true) with check (true);
