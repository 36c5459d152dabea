-- In whose name the log is written.
create or replace function app.log_worker() returns uuid
    language sql stable set search_path = '' as $$
    select nullif(pg_catalog.current_setting('app.log_worker', true), '')::uuid
$$;
revoke all on function app.log_worker() from public;
grant execute on function app.log_worker() to ignacio_worker;
