-- The log of migrations is a table like any other: the services may read it, the owner writes it.
alter table seaql_migrations enable row level security;
alter table seaql_migrations force row level security;
create policy seaql_migrations_owner on seaql_migrations
    to ignacio_owner using (true) with check (true);
grant select on seaql_migrations to ignacio_api, ignacio_worker;
create policy seaql_migrations_service_select on seaql_migrations
    for select to ignacio_api, ignacio_worker using (true);

-- Supabase gives these two every right on every table, TRUNCATE included, which no policy stops. Tables
-- of others in the same schema are not ours to change.
do $$
declare
    v_table regclass;
    v_role  text;
begin
    for v_table in
        select oid from pg_class
         where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm')
           and relowner = 'ignacio_owner'::regrole loop
        execute format('revoke all on %s from public', v_table);
        for v_role in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
            execute format('revoke all on %s from %I', v_table, v_role);
        end loop;
    end loop;
end $$;
alter default privileges in schema public revoke all on tables from public;
alter default privileges in schema app revoke execute on functions from public;
revoke all on function app.set_updated_at(), app.check_sync_move() from public;
