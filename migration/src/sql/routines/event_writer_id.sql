-- The worker for which `app.append_response_events` writes.
create or replace function app.event_writer_id() returns uuid
    language sql stable set search_path = '' as $$
    select nullif(pg_catalog.current_setting('app.event_writer', true), '')::uuid
$$;
revoke all on function app.event_writer_id() from public;
grant execute on function app.event_writer_id() to ignacio_worker;
