-- The log of migrations is a table like any other: the services may read it, the owner writes it.
alter table seaql_migrations enable row level security;
alter table seaql_migrations force row level security;
create policy seaql_migrations_owner on seaql_migrations
    to ignacio_owner using (true) with check (true);
grant select on seaql_migrations to ignacio_api, ignacio_worker;
create policy seaql_migrations_service_select on seaql_migrations
    for select to ignacio_api, ignacio_worker using (true);

-- Supabase gives these two every right on every table, TRUNCATE included, which no policy stops.
do $$
declare
    v_role text;
begin
    foreach v_role in array array['anon', 'authenticated'] loop
        if exists (select 1 from pg_roles where rolname = v_role) then
            execute format('revoke all on all tables in schema public from %I', v_role);
        end if;
    end loop;
end $$;
alter default privileges in schema public revoke all on tables from public;
alter default privileges in schema app revoke execute on functions from public;
revoke all on all tables in schema public from public;
revoke all on function app.set_updated_at(), app.check_sync_move() from public;
