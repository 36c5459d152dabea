-- Only a superuser sees what is left, or the owner after a deliberate step.
drop table legacy.import_types;
do $$
declare
    v_table text;
begin
    for v_table in
        select relname from pg_class
         where relnamespace = 'legacy'::regnamespace and relkind in ('r', 'p') loop
        execute format('alter table legacy.%I enable row level security', v_table);
        execute format('alter table legacy.%I force row level security', v_table);
        execute format('revoke all on legacy.%I from public', v_table);
    end loop;
    execute format('revoke all on all tables in schema legacy from %I', session_user);
    execute format('revoke all on schema legacy from %I', session_user);
end $$;
