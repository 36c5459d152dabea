-- A worker writes the events of the responses that it holds, each for the user it belongs to.
grant select on response_events to ignacio_api;
create policy response_events_api_select on response_events
    for select to ignacio_api using (user_id = (select app.current_user_id()));

grant select, insert on response_events to ignacio_worker;
create policy response_events_worker_select on response_events
    for select to ignacio_worker using (user_id = (select app.leased_user_id()));
create policy response_events_worker_insert on response_events
    for insert to ignacio_worker
    with check (
        user_id = (select app.leased_user_id())
        or user_id = (
            select r.user_id from responses r
             where r.id = response_id and r.lease_owner = (select app.event_writer_id())
               and r.lease_until > (select pg_catalog.clock_timestamp())));

grant select on response_events to ignacio_definer;
create policy response_events_definer_select on response_events
    for select to ignacio_definer using (true);
