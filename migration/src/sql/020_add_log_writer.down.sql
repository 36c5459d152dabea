drop function app.log_replies(
    uuid, boolean, uuid[], bigint[], text[], bigint[], double precision[], integer[], bigint[], bigint[],
    text[], text[]
);
alter policy response_events_worker_insert on response_events
    with check (user_id = (select app.leased_user_id()));
drop function app.log_worker();
