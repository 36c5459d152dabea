-- Only definer functions write the log. Users see what admins did with their data; admins see
-- everything.
grant
    select (id, actor_name, actor_role, action, target_id, reason, created_at)
    on audit_events to ignacio_api;
create policy audit_events_api_select on audit_events
    for select to ignacio_api
    using (
        subject_id = (select app.current_user_id())
        and actor_role = 'admin' and actor_id <> subject_id);

grant select on audit_events to ignacio_admin;
create policy audit_events_admin_select on audit_events
    for select to ignacio_admin using ((select app.is_admin()));

grant select, insert on audit_events to ignacio_definer;
create policy audit_events_definer_select on audit_events
    for select to ignacio_definer using (true);
create policy audit_events_definer_insert on audit_events
    for insert to ignacio_definer with check (true);
