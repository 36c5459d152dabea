drop table repeatable_scripts;
-- The migrator writes its log on the way down, so it has left the access to it in place.
drop policy seaql_migrations_service_select on seaql_migrations;
drop policy seaql_migrations_owner on seaql_migrations;
revoke all on seaql_migrations from ignacio_api, ignacio_worker;
alter table seaql_migrations no force row level security;
alter table seaql_migrations disable row level security;
