-- The migrator's own.
create policy repeatable_scripts_owner on repeatable_scripts
    to ignacio_owner using (true) with check (true);
