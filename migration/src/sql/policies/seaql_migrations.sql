-- The log of migrations, which the migrator's library creates without row level security. While the
-- numbered migrations run, the owner has to write it, so it is closed here and not by one of them.
alter table seaql_migrations enable row level security;
alter table seaql_migrations force row level security;
create policy seaql_migrations_owner on seaql_migrations
    to ignacio_owner using (true) with check (true);

grant select on seaql_migrations to ignacio_api;
grant select on seaql_migrations to ignacio_worker;
create policy seaql_migrations_service_select on seaql_migrations
    for select to ignacio_api, ignacio_worker using (true);
